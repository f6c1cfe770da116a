/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF guests under Unicorn: any user-mode code, with hooks before each access
 * and each block.
 *
 * An access and the page faults it causes are dealt with inside its hook, and
 * then the instruction goes on: nothing of it has to be undone.
 *
 * A locked instruction is one step, the store: it is made if memory still holds
 * what was loaded, else the instruction starts again.
 *
 * DIVERGES: CMPXCHG8B and CMPXCHG16B are not atomic.
 * DIVERGES: of an instruction with several accesses a fault repeats only the
 * access that faulted.
 * DIVERGES: fetches are translated when execution enters another page, or any
 * page after this CPU invalidated something.
 * DIVERGES: what another CPU writes into executed code is seen at the next
 * fetch that is translated, what the guest itself writes from the next block
 * on. DIVERGES: time passes as if each four bytes of code were an instruction.
 */
#include <signal.h>
#include <string.h>

#include "base/bug.h"
#include "emu/disas.h"
#include "emu/unicorn_internal.h"
#include "mmu/quick.h"

/* Between two timer interrupts. */
#define TICK_CYCLES 100000

/* ---- fetches ---- */

static struct exec_page *exec_page(struct engine *e, uint64_t va)
{
	return &e->page[(va >> PAGE_SHIFT) % EXEC_PAGES];
}

void elf_spoil(struct engine *e, uint64_t va)
{
	struct exec_page *p = exec_page(e, va);

	if (p->va != (va & PAGE_MASK))
		return;
	p->va = NO_PAGE;
	e->fetch_page = NO_PAGE;
}

/* Drop what was translated from a page, the block that begins included. */
static void translate_again(struct engine *e, uint64_t va)
{
	uc_ctl_remove_cache(e->uc, va, va + PAGE_SIZE);
	e->nr_refreshes++;
	/* What the register holds in a block hook is old. */
	engine_set_reg(e, e->arch->pc, e->last_block);
	e->retranslate = true;
}

/* The window shows other bytes than the frame: copy them, and drop what was
 * translated from the old ones, the block that begins included. */
static void refresh(struct engine *e, uint64_t va, const uint8_t *bytes)
{
	memcpy(window_bytes(e, va), bytes, PAGE_SIZE);
	memset(e->known_block, 0, sizeof(e->known_block));
	translate_again(e, va);
}

/* Make the window of the page at @va show the frame at @pa. */
static void show_code(struct engine *e, uint64_t va, paddr_t pa)
{
	static const uint8_t nothing[PAGE_SIZE];
	struct physmem *mem = &e->guest->task->agent->machine->mem;
	struct exec_page *p = exec_page(e, va);
	const uint8_t *bytes = nothing;

	if (pfn_valid(mem, pa >> PAGE_SHIFT))
		bytes = frame_bytes(mem, pfn_to_page(mem, pa >> PAGE_SHIFT));
	p->va = va;
	if (memcmp(window_bytes(e, va), bytes, PAGE_SIZE) != 0)
		refresh(e, va, bytes);
}

/* Translate a fetch of what lies at @pc. Return: false if the guest is dead. */
static bool fetch(struct engine *e, uint64_t pc)
{
	unsigned left = (unsigned)(PAGE_SIZE - (pc & ~PAGE_MASK));
	struct mmu_access acc = { .va = pc,
		                  .size = (uint8_t)MIN(left, 8),
		                  .op = MMU_FETCH };

	if (!vcpu_access(e->guest->task, &acc, pc)) {
		engine_stop(e);
		return false;
	}
	show_code(e, pc & PAGE_MASK, acc.pa & PAGE_MASK);
	return true;
}

/* ---- instructions with a hook of their own ---- */

/* Of all architectures. */
#define INSN_MAX 15

/* The bytes of an instruction; the windows of its pages may lie apart. */
static void copy_code(struct engine *e, uint64_t pc, uint8_t *code, unsigned n)
{
	unsigned here = (unsigned)MIN(n, PAGE_SIZE - (pc & ~PAGE_MASK));

	memcpy(code, window_bytes(e, pc), here);
	if (here < n)
		memcpy(code + here, window_bytes(e, pc + here), n - here);
}

static void on_special(uc_engine *uc, uint64_t pc, uint32_t size, void *data)
{
	struct engine *e = data;
	uint8_t code[INSN_MAX];

	(void)uc;
	if (e->stopping)
		return;
	size = MIN(size, e->arch->insn_max);
	copy_code(e, pc, code, size);
	e->arch->on_special(e, pc, code, size);
}

static bool is_hooked(const struct engine *e, uint64_t pc)
{
	for (unsigned i = 0; i < e->hooked->len; i++)
		if (g_array_index(e->hooked, uint64_t, i) == pc)
			return true;
	return false;
}

static void hook_insn(struct engine *e, uint64_t pc)
{
	uc_hook hook;

	BUG_ON(uc_hook_add(e->uc, &hook, UC_HOOK_CODE, on_special, e, pc, pc));
	g_array_append_val(e->hooked, pc);
}

/* Look for such instructions in a block that is new. Return: some got their
 * hook now, so that the block has to be translated again. */
static bool hook_block(struct engine *e, uint64_t pc, uint32_t size)
{
	bool found = false;

	for (uint32_t at = 0; at < size;) {
		unsigned n = MIN(size - at, e->arch->insn_max);
		uint8_t code[INSN_MAX];
		bool special;

		copy_code(e, pc + at, code, n);
		n = e->arch->is_special(e, code, n, &special);
		if (!n)
			break;
		if (special && !is_hooked(e, pc + at)) {
			hook_insn(e, pc + at);
			found = true;
		}
		at += n;
	}
	return found;
}

static void look_at_block(struct engine *e, uint64_t pc, uint32_t size)
{
	uint64_t *known = &e->known_block[(pc ^ pc >> 12) % KNOWN_BLOCKS];

	if (likely(*known == pc))
		return;
	*known = pc;
	if (hook_block(e, pc, size))
		translate_again(e, pc & PAGE_MASK);
}

static bool fetched(const struct engine *e, uint64_t first, uint64_t last)
{
	const struct cpu *cpu = this_cpu();

	return first == e->fetch_page && first == last && cpu == e->fetch_cpu &&
	       cpu_vcpu(cpu)->mmu.flush_seq == e->fetch_seq;
}

static void charge_block(const struct engine *e, uint32_t size)
{
	unsigned nr_insns = (size + 3) / 4;

	charge((uint64_t)nr_insns *
	       e->guest->task->agent->machine->costs->insn);
	this_vcpu()->nr_insns += nr_insns;
}

/* When tasks share the CPU, a timer interrupt ends each one's turn. */
static void tick(struct cpu *cpu)
{
	struct vcpu *vcpu = cpu_vcpu(cpu);

	if (likely(!cpu->rq_head)) {
		vcpu->next_tick = cpu->cycles + TICK_CYCLES;
	} else if (cpu->cycles >= vcpu->next_tick) {
		vcpu->next_tick = cpu->cycles + TICK_CYCLES;
		cpu_raise(cpu, IRQ_TIMER);
	}
}

/* Is there something to do outside of hooks? */
static bool wants_tidying(const struct engine *e)
{
	return e->nr_windows > WINDOWS_HIGH ||
	       (e->nr_grown < GROWS_MAX &&
	        e->nr_slow >> e->nr_grown >= GROW_ACCESSES);
}

static void tidy_up(struct engine *e)
{
	e->tidy = e->stopping = false;
	if (e->nr_windows > WINDOWS_HIGH)
		windows_drop_data(e);
	else
		windows_grow_tlb(e);
	engine_set_reg(e, e->arch->pc, e->last_block);
	e->retranslate = true; /* this block has begun already */
}

/* Every turn of a loop is a step; time passes. Return: false: stopped. */
static bool begin_block(struct engine *e, uint64_t pc, uint32_t size)
{
	if (pc <= e->last_block)
		vcpu_loop(e->guest->task, 0);
	charge_block(e, size);
	tick(this_cpu());
	e->tidy = wants_tidying(e);
	if (!e->guest->ended && !e->tidy)
		return true;
	e->last_block = pc;
	engine_stop(e);
	return false;
}

static void on_block(uc_engine *uc, uint64_t pc, uint32_t size, void *data)
{
	struct engine *e = data;
	uint64_t first = pc & PAGE_MASK, last = (pc + size - 1) & PAGE_MASK;

	(void)uc;
	if (e->stopping)
		return;
	e->parts = 0;
	e->locked.pc = 0;
	if (!e->retranslate && !begin_block(e, pc, size))
		return;
	e->retranslate = false;
	e->last_block = pc;
	e->block_size = size;
	e->nth = 0;
	if (unlikely(!fetched(e, first, last))) {
		e->fetch_page = NO_PAGE;
		if (!fetch(e, pc) || (last != first && !fetch(e, last)))
			return;
		e->fetch_page = first;
		e->fetch_cpu = this_cpu();
		e->fetch_seq = this_vcpu()->mmu.flush_seq;
	}
	if (!e->retranslate)
		look_at_block(e, pc, size);
}

/* ---- data ---- */

/* May the access under way be a quick one? What vcpu_access() looks at before
 * it, and no locked instruction. */
static bool may_be_quick(const struct engine *e)
{
	return likely(!e->locked.pc && !e->guest->ended &&
	              !e->guest->task->cpu->need_resched);
}

/* An access that is no quick one. Those find the tag that they compare with. */
static bool slow_access(struct engine *e, struct mmu_access *acc)
{
	e->nr_slow++;
	if (unlikely(this_vcpu()->mmu.arm64.tcf))
		acc->by_sp = e->arch->by_sp(e);
	return engine_access(e, acc);
}

static bool quick_load(struct engine *e, uint64_t va, unsigned size)
{
	struct task *t = e->guest->task;
	uint64_t value;

	if (!may_be_quick(e) ||
	    unlikely(!mmu_quick_load(&cpu_vcpu(t->cpu)->mmu, t->agent, va, size,
	                             &value)))
		return false;
	window_show(e, va, value, size);
	return true;
}

static bool quick_store(struct engine *e, const struct mmu_access *acc)
{
	struct task *t = e->guest->task;

	return may_be_quick(e) &&
	       likely(mmu_quick_store(&cpu_vcpu(t->cpu)->mmu, t->agent, acc->va,
	                              acc->size, acc->value));
}

static void on_read(uc_engine *uc, uc_mem_type type, uint64_t va, int size,
                    int64_t value, void *data)
{
	struct engine *e = data;
	struct mmu_access acc = { .va = va,
		                  .size = (uint8_t)size,
		                  .op = MMU_LOAD };

	(void)uc;
	(void)type;
	(void)value;
	if (unlikely(e->stopping || e->parts)) {
		e->parts -= e->parts > 0;
		return;
	}
	e->nth++;
	/* The engine will load both aligned halves. */
	if (unlikely((va & (e->uc_page - 1)) + (unsigned)size > e->uc_page))
		e->parts = 2;
	if (quick_load(e, va, (unsigned)size))
		return;
	if (!slow_access(e, &acc))
		return;
	window_show(e, va, acc.value, (unsigned)size);
	if (unlikely(e->locked.pc)) {
		e->locked.va = va;
		e->locked.size = (unsigned)size;
		e->locked.loaded = acc.value;
	}
}

/* The store of a locked instruction. Return: false if it starts again. */
static bool store_locked(struct engine *e, struct mmu_access *acc)
{
	struct locked *l = &e->locked;

	acc->op = MMU_CMPXCHG;
	acc->expected = l->loaded;
	if (!slow_access(e, acc))
		return false;
	if (acc->value != l->loaded)
		engine_set_reg(e, e->arch->pc, l->pc);
	l->pc = 0;
	return acc->value == acc->expected;
}

static void on_write(uc_engine *uc, uc_mem_type type, uint64_t va, int size,
                     int64_t value, void *data)
{
	struct engine *e = data;
	struct mmu_access acc = { .va = va,
		                  .size = (uint8_t)size,
		                  .op = MMU_STORE,
		                  .value = (uint64_t)value };

	(void)uc;
	(void)type;
	if (unlikely(e->stopping))
		return;
	e->nth++;
	if (size < 8)
		acc.value &= BIT_ULL(8 * (unsigned)size) - 1;
	if (unlikely(e->locked.pc && e->locked.va == va &&
	             e->locked.size == (unsigned)size)) {
		if (!store_locked(e, &acc))
			return;
	} else if (!quick_store(e, &acc) && !slow_access(e, &acc)) {
		return;
	}
	if (unlikely(va - e->code_start < e->code_size)) {
		elf_spoil(e, va);
		elf_spoil(e, va + (unsigned)size - 1);
	}
}

/* A fetch from where no code window is. Unicorn cannot go on after a window has
 * changed here: elf_run() does. */
static bool on_fetch_invalid(uc_engine *uc, uc_mem_type type, uint64_t va,
                             int size, int64_t value, void *data)
{
	struct engine *e = data;

	(void)uc;
	(void)type;
	(void)size;
	(void)value;
	e->make_code = va;
	return false;
}

/* ---- life ---- */

void elf_save(struct engine *e)
{
	e->arch->save_regs(e, &e->guest->elf);
}

void elf_prepare(struct engine *e)
{
	e->arch->prepare_elf(e);
	BUG_ON(uc_query(e->uc, UC_QUERY_PAGE_SIZE, &e->uc_page));
	for (unsigned i = 0; i < EXEC_PAGES; i++)
		e->page[i].va = NO_PAGE;
	e->hooked = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	BUG_ON(uc_context_alloc(e->uc, &e->reset));
	BUG_ON(uc_context_save(e->uc, e->reset));
	hook_add(e, UC_HOOK_BLOCK, on_block);
	hook_add(e, UC_HOOK_MEM_READ, on_read);
	hook_add(e, UC_HOOK_MEM_WRITE, on_write);
	hook_add(e, UC_HOOK_MEM_FETCH_UNMAPPED | UC_HOOK_MEM_FETCH_PROT,
	         on_fetch_invalid);
}

/* What uc_emu_start() left with: go on, or is the guest at its end? */
static bool go_on(struct engine *e)
{
	if (e->tidy) {
		tidy_up(e);
		return !e->guest->ended;
	}
	if (e->stopping)
		return false;
	if (e->make_code != NO_PAGE && window_make_code(e, e->make_code))
		return true;
	/* Something Unicorn cannot execute. */
	vcpu_kill(e->guest->task, SIGILL, ILL_ILLOPC,
	          engine_reg(e, e->arch->pc), "invalid opcode");
	return false;
}

void elf_run(struct engine *e)
{
	uc_context_restore(e->uc, e->reset);
	e->arch->load_regs(e, &e->guest->elf);
	e->stopping = false;
	e->retranslate = false;
	e->parts = 0;
	e->fetch_page = NO_PAGE;
	e->last_block = 0;
	e->tidy = false;
	e->locked.pc = 0;
	do {
		e->make_code = NO_PAGE;
		e->running = true;
		(void)uc_emu_start(e->uc, engine_reg(e, e->arch->pc), NOWHERE,
		                   0, 0);
		e->running = false;
	} while (go_on(e));
}
