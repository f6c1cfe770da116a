/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ROM of the guest of qemu_x86.c, 64 KiB that end at 4 GiB: from reset to
 * long mode, then one record after the other.  It decides nothing: registers,
 * addresses and the frame for IRETQ are in the record, physical memory is at
 * %rbx in each address space.  The layouts are those of qemu_x86.h.
 */
#ifdef __x86_64__
#	include "tests/evidence/qemu_x86.h"

#	define LINEAR(label) (label - qemu_x86_rom + QEMU_ROM)

	.section .rodata
	.balign 16
	.globl qemu_x86_rom, qemu_x86_vectors, qemu_x86_accesses
	.globl qemu_x86_start64
qemu_x86_rom:

/* ---- long mode, at the addresses of the boot tables ---- */

	.code64
long_mode:
	movq	QEMU_PARAMS + QEMU_ENTRY, %rax
	jmp	*%rax

/* ---- at its own addresses ---- */

	.macro	find_memory
	leaq	qemu_x86_rom(%rip), %rbx
	movl	$QEMU_ROM, %ecx
	subq	%rcx, %rbx
	.endm

#	define PARAM(at) QEMU_PARAMS + at(%rbx)

qemu_x86_start64:
	find_memory
	lgdt	PARAM(QEMU_GDTR)
	lidt	PARAM(QEMU_IDTR)
	movl	$QEMU_SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$QEMU_SEL_TSS, %eax
	ltr	%ax
	movq	PARAM(QEMU_FIRST), %r12

next_record:
	movq	%r12, PARAM(QEMU_CURRENT)
	cmpq	$QEMU_END, QEMU_R_KIND(%r12)
	je	done
	leaq	QEMU_R_SIZE(%r12), %r14
	movq	QEMU_R_POKES(%r12), %rcx
1:	subq	$1, %rcx
	jb	2f
	movq	(%r14), %rax
	movq	8(%r14), %rdx
	movq	%rdx, (%rbx, %rax)
	addq	$16, %r14
	jmp	1b
2:	movq	%r14, PARAM(QEMU_WATCHES)
	cmpq	$QEMU_KEEP, QEMU_R_KIND(%r12)
	je	access
	/* SDM 3A 4.10.4.1: a change of CR4.PGE takes all translations. */
	movl	$0xc0000080, %ecx
	movl	QEMU_R_EFER(%r12), %eax
	xorl	%edx, %edx
	wrmsr
	movq	QEMU_R_CR0(%r12), %rax
	movq	%rax, %cr0
	movq	QEMU_R_CR4(%r12), %rax
	movq	%rax, %rdx
	andq	$~0x80, %rdx
	movq	%rdx, %cr4
	movq	QEMU_R_CR3(%r12), %rdx
	movq	%rdx, %cr3
	movq	%rax, %cr4
access:
	movq	$1, PARAM(QEMU_ARMED)
	movq	QEMU_R_VA(%r12), %rdi
	movq	QEMU_R_VALUE(%r12), %rsi
	xorl	%eax, %eax
	leaq	QEMU_R_FRAME(%r12), %rsp
	iretq

/* What is on the stack: %rax, vector, error code, %rip ... */
exception:
	pushq	%rax
	find_memory
	cmpq	$1, PARAM(QEMU_ARMED)
	jne	lost
	movq	$0, PARAM(QEMU_ARMED)
	movq	PARAM(QEMU_CURRENT), %r12
	popq	QEMU_R_RESULT(%r12)
	popq	QEMU_R_VECTOR(%r12)
	popq	QEMU_R_CODE(%r12)
	movq	%cr2, %rax
	movq	%rax, QEMU_R_CR2(%r12)
	/* Take what is there, leave what should be. */
	movq	PARAM(QEMU_WATCHES), %r14
	movq	QEMU_R_WATCHES(%r12), %rcx
1:	subq	$1, %rcx
	jb	2f
	movq	(%r14), %rax
	movq	(%rbx, %rax), %rdx
	xchgq	8(%r14), %rdx
	movq	%rdx, (%rbx, %rax)
	addq	$16, %r14
	jmp	1b
2:	movq	%r14, %r12
	jmp	next_record

/* An exception outside of an access. */
lost:
	popq	%rax
	popq	PARAM(QEMU_LOST_VECTOR)
	popq	%rax
	popq	PARAM(QEMU_LOST_RIP)
	movl	$QEMU_EXIT_LOST, %eax
	jmp	leave
done:
	movl	$QEMU_EXIT_DONE, %eax
leave:
	movl	$QEMU_EXIT_PORT, %edx
	outb	%al, %dx
1:	hlt
	jmp	1b

/* 16 bytes for each. Error codes: SDM 3A 6.3.1, table 6-1. */
	.balign	16
qemu_x86_vectors:
	.set	vector, 0
	.rept	QEMU_VECTORS
	.balign	16
	.if	(0x60227d00 >> vector & 1) == 0
	pushq	$0
	.endif
	pushq	$vector
	jmp	exception
	.set	vector, vector + 1
	.endr

/* Of the kernel and, by another address, of the user: 16 bytes for each
 * operation and size. %rdi is the address, %rsi the value, %rax the result. */
	.balign	4096
qemu_x86_accesses:
	movzbl	(%rdi), %eax
	int3
	.balign	16
	movzwl	(%rdi), %eax
	int3
	.balign	16
	movl	(%rdi), %eax
	int3
	.balign	16
	movq	(%rdi), %rax
	int3
	.balign	16
	movb	%sil, (%rdi)
	int3
	.balign	16
	movw	%si, (%rdi)
	int3
	.balign	16
	movl	%esi, (%rdi)
	int3
	.balign	16
	movq	%rsi, (%rdi)
	int3
	.balign	16
	lock xaddq %rsi, (%rdi)
	movq	%rsi, %rax
	int3
	.balign	16
	jmp	*%rdi

/* ---- real mode ---- */

	.org	0xff00
	.code16
start16:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movl	$0x80000008, %eax
	cpuid
	movl	%eax, QEMU_PARAMS + QEMU_CPUID_SIZES
	movl	$0x80000001, %eax
	cpuid
	movl	%edx, QEMU_PARAMS + QEMU_CPUID_EXT
	movl	$7, %eax
	xorl	%ecx, %ecx
	cpuid
	movl	%ebx, QEMU_PARAMS + QEMU_CPUID_7B
	movl	%ecx, QEMU_PARAMS + QEMU_CPUID_7C
	lgdtl	%cs:(boot_gdtr - qemu_x86_rom)
	movl	QEMU_PARAMS + QEMU_BOOT_CR4, %eax
	movl	%eax, %cr4
	movl	QEMU_PARAMS + QEMU_BOOT_CR3, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	movl	$0x100, %eax
	xorl	%edx, %edx
	wrmsr
	movl	$0x80000033, %eax
	movl	%eax, %cr0
	ljmpl	$8, $LINEAR(long_mode)

	.balign	8
boot_gdt:
	.quad	0, 0x00af9b000000ffff
boot_gdtr:
	.word	15
	.long	LINEAR(boot_gdt)

/* Where a CPU begins. */
	.org	0xfff0
	.code16
	jmp	start16
	.org	0x10000

#endif
	.section .note.GNU-stack, "", %progbits
