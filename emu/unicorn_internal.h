/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One Unicorn engine and what it sees of memory.  Only the files *unicorn*.c
 * and windows.c include this, and through it Unicorn.
 *
 * Paging is off inside Unicorn: its hooks name virtual addresses.  An engine
 * holds no guest data.  Wherever the guest loads or stores there is a data
 * window: all of them show one small scratch buffer, and the hook that runs
 * before a load puts what the load shall see there.  Nobody writes to data
 * windows but hooks.  What is executed has its
 * own bytes (code windows), because blocks are translated from them.
 *
 * One engine per task: TLBs and registers of control are ours and live in the
 * vCPU, so a context switch is a switch of coroutines, and a hook may be left
 * for other agents at any step.  An engine whose run was abandoned inside a
 * hook is still in uc_emu_start() on a stack that is gone: it is closed.
 *
 * Known of Unicorn 2.0.1: windows must not be unmapped inside of a hook; every
 * translation that is dropped costs 4 KiB until the engine is closed.
 */
#ifndef MMULATOR_EMU_UNICORN_INTERNAL_H
#define MMULATOR_EMU_UNICORN_INTERNAL_H

#include <glib.h>
#include <unicorn/unicorn.h>

#include "emu/unicorn_pool.h"
#include "emu/vcpu_ops.h"

/* Of the scratch buffer; of the code window of a scenario's thread. */
#define WINDOW_MIN            (UINT64_C(1) << 21)
#define WINDOW_MAX            (UINT64_C(1) << 30)
#define WINDOW_STEP           32 /* from one size of data windows to the next */
/* Code windows of ELF guests are small as long as they are few: data next to
 * code is slow to reach. */
#define CODE_WINDOW_MIN       (UINT64_C(1) << 14)
#define CODE_WINDOWS_PER_SIZE 8
/* Unicorn aborts above 4095, for arm64 above 1023. Above the high mark data
 * windows are dropped. */
#define WINDOWS_MAX           1000
#define WINDOWS_HIGH          768
/* Unicorn's own TLB grows after so many accesses that were slow here as well,
 * after twice as many again, and so on. */
#define GROW_ACCESSES         4096
#define GROWS_MAX             2
#define NOWHERE               UINT64_C(0xffffffffffffff00)
#define NO_PAGE               UINT64_MAX
#define EXEC_PAGES            256
#define KNOWN_BLOCKS          4096

struct window {
	uint64_t va, size;
	uint8_t *own; /* code: its bytes; data: NULL */
};

/* A page that was executed: its code window shows these bytes of it. */
struct exec_page {
	uint64_t va;
};

/*
 * A locked instruction under way.  Unicorn loads, computes and stores; the
 * store is made only if memory still holds what was loaded, else the
 * instruction starts again.
 */
struct locked {
	uint64_t pc; /* 0: none is under way */
	uint64_t va;
	uint64_t loaded;
	unsigned size; /* 0: has not loaded yet */
};

struct engine;

/* What an architecture is to Unicorn; registers by their names there. */
struct unicorn_arch {
	uc_arch arch;
	uc_mode mode;
	int cpu_model; /* -1: Unicorn's usual one */
	int pc, tls;

	/* Scenario threads: r0 .. r6; what an atomic instruction of the
	 * templates takes; where r0 is while a compare-and-swap runs. */
	int program_reg[NR_PROGRAM_REGS];
	int value, expected, saved_r0;

	int syscall_nr, syscall_arg[6], syscall_result;

	/* The state a thread starts from, and hooks: of every engine; of those
	 * for ELF guests. Once per engine. */
	void (*prepare)(struct engine *e);
	void (*prepare_elf)(struct engine *e);
	void (*load_regs)(struct engine *e, const struct guest_regs *regs);
	void (*save_regs)(struct engine *e, struct guest_regs *regs);

	/* The longest instruction, bytes. */
	unsigned insn_max;
	/* Is this instruction to have a hook of its own? Return: its size, 0:
	 * it is none. */
	unsigned (*is_special)(struct engine *e, const uint8_t *code,
	                       unsigned n, bool *special);
	/* That hook: before the instruction. */
	void (*on_special)(struct engine *e, uint64_t pc, const uint8_t *code,
	                   unsigned size);
	/* mmu_access.by_sp of the access under way, e->nth of its block. */
	bool (*by_sp)(struct engine *e);
};

extern const struct unicorn_arch unicorn_arch_x86;
extern const struct unicorn_arch unicorn_arch_arm64;

struct engine {
	uc_engine *uc;
	const struct unicorn_arch *arch;
	struct unicorn_pool *pool;
	bool elf;      /* which hooks it has */
	bool busy;     /* belongs to a thread of this run */
	bool running;  /* inside uc_emu_start() */
	bool stopping; /* ignore hooks until uc_emu_start() returns */
	struct guest_thread *guest;

	struct window window[WINDOWS_MAX];
	unsigned nr_windows, nr_code_windows;
	uint64_t code_start, code_size; /* around all code windows */

	/* Scenario threads. */
	const struct code *code; /* loaded at CODE_BASE */
	bool fresh;              /* no instruction has begun */
	bool accessed;           /* this instruction has made its access */

	/* ELF guests. */
	uc_context *reset;   /* at the first instruction in user mode */
	uint64_t fetch_page; /* where the last block came from */
	uint64_t fetch_seq;  /* mmu->flush_seq then */
	const struct cpu *fetch_cpu;
	uint64_t last_block;
	uint32_t block_size; /* its bytes */
	unsigned nth;        /* accesses since it began */
	uint64_t make_code;  /* where a fetch met a data window */
	bool retranslate;    /* the block that begins shows old bytes */
	bool tidy;           /* leave to tidy up */
	uint64_t nr_slow;    /* accesses that were no quick ones */
	unsigned nr_grown;   /* see windows_grow_tlb() */
	unsigned nr_refreshes;
	size_t uc_page; /* Unicorn's own: 1 KiB for arm64 */
	unsigned parts; /* calls to ignore: parts of a crossing load */
	struct exec_page page[EXEC_PAGES];
	uint64_t known_block[KNOWN_BLOCKS]; /* looked at for these: */
	struct locked locked;
	GArray *hooked; /* of uint64_t: special instructions */
	struct disas *disas;
};

/* ---- unicorn_pool.c ---- */

/**
 * engine_get - an engine nobody uses, for @g.
 * @code: what a scenario thread will run (its engine is preferred); NULL: ELF
 */
struct engine *engine_get(struct unicorn_pool *pool, struct guest_thread *g,
                          const struct code *code);
void engine_put(struct engine *e);
/** engine_stop - leave uc_emu_start() from a hook. */
void engine_stop(struct engine *e);

uint64_t engine_reg(struct engine *e, int reg);
void engine_set_reg(struct engine *e, int reg, uint64_t value);

/* ---- unicorn.c ---- */

/** engine_access - one access of the guest, from a hook. Return: false: it is
 * dead and the engine stops. */
bool engine_access(struct engine *e, struct mmu_access *acc);
/** engine_die - an exception whose @signal ends the thread. */
void engine_die(struct engine *e, int signal, int si_code, vaddr_t addr);
/** engine_syscall - the guest's system call: from registers to registers. */
void engine_syscall(struct engine *e);

/* ---- windows.c ---- */

/** scratch_new, scratch_free - WINDOW_MAX bytes of host addresses that show one
 * buffer of WINDOW_MIN again and again. */
uint8_t *scratch_new(void);
void scratch_free(uint8_t *scratch);
/** windows_add_hooks - once per engine: data windows come where the guest goes.
 */
void windows_add_hooks(struct engine *e);
/** window_map_data, window_map_code - a window around @va as large as fits, up
 * to WINDOW_MAX or @size; NULL: no room. */
struct window *window_map_data(struct engine *e, uint64_t va);
struct window *window_map_code(struct engine *e, uint64_t va, uint64_t size);
/** window_make_code - a page of a data window is to be executed. Not inside
 * of uc_emu_start(). */
bool window_make_code(struct engine *e, uint64_t va);
/**
 * windows_grow_tlb - let Unicorn's own TLB grow.
 *
 * It begins with 256 entries, for pages of 1 KiB on arm64, and doubles when it
 * is flushed while most of them are in use.  Mapping something flushes it.  A
 * few thousand entries are enough for most, and not too many for the host's
 * caches.
 *
 * Context: not inside of uc_emu_start().
 */
void windows_grow_tlb(struct engine *e);
/** windows_drop_data - all data windows go. Not inside of uc_emu_start(). */
void windows_drop_data(struct engine *e);
void windows_free(struct engine *e);
/** window_bytes - what the engine sees at @va. */
uint8_t *window_bytes(struct engine *e, uint64_t va);
/** window_show - let a load of @size bytes from @va see @value; it may cross a
 * page. */
void window_show(struct engine *e, uint64_t va, uint64_t value, unsigned size);

/* ---- unicorn_program.c, unicorn_elf.c ---- */

void program_add_hooks(struct engine *e);
void program_run(struct engine *e);
void program_save(struct engine *e);
/** program_stop - leave a scenario thread from a hook. */
void program_stop(struct engine *e);
/** elf_prepare - once per engine: user mode, hooks. */
void elf_prepare(struct engine *e);
void elf_run(struct engine *e);
void elf_save(struct engine *e);
/** elf_spoil - the window no longer shows the frame behind @va. */
void elf_spoil(struct engine *e, uint64_t va);

/** hook_add - uc_hook_add() for all addresses. */
void hook_add(struct engine *e, int type, void *callback);
/** hook_add_insn - uc_hook_add() for an instruction. */
void hook_add_insn(struct engine *e, int insn, void *callback);

#endif
