/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One Unicorn engine and what it sees of memory.  Only the files unicorn*.c
 * include this, and through it Unicorn.
 *
 * Paging is off inside Unicorn: its hooks name virtual addresses.  An engine
 * holds no guest data.  Wherever the guest loads or stores there is a data
 * window: all of them show one small scratch buffer, and the hook that runs
 * before a load puts what the load shall see there.  What is executed has its
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
/* Code windows of ELF guests are small as long as they are few: data next to
 * code is slow to reach. */
#define CODE_WINDOW_MIN       (UINT64_C(1) << 14)
#define CODE_WINDOWS_PER_SIZE 8
/* Unicorn aborts above 4095. Above the high mark data windows are dropped. */
#define WINDOWS_MAX           1024
#define WINDOWS_HIGH          768
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

struct engine {
	uc_engine *uc;
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
	uint64_t make_code; /* where a fetch met a data window */
	bool retranslate;   /* the block that begins shows old bytes */
	bool tidy;          /* leave to drop data windows */
	unsigned nr_refreshes;
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
/** engine_gpr - Unicorn's name of a general register (enum x86_reg). */
int engine_gpr(unsigned reg);

/* ---- windows.c ---- */

/** scratch_new, scratch_free - WINDOW_MAX bytes of host addresses that show one
 * buffer of WINDOW_MIN again and again. */
uint8_t *scratch_new(void);
void scratch_free(uint8_t *scratch);
/** window_map_data, window_map_code - a window around @va as large as fits, up
 * to WINDOW_MAX or @size; NULL: no room. */
struct window *window_map_data(struct engine *e, uint64_t va);
struct window *window_map_code(struct engine *e, uint64_t va, uint64_t size);
/** window_make_code - a page of a data window is to be executed. Not inside
 * of uc_emu_start(). */
bool window_make_code(struct engine *e, uint64_t va);
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
/** elf_prepare - once per engine: user mode, hooks. */
void elf_prepare(struct engine *e);
void elf_run(struct engine *e);
void elf_save(struct engine *e);
/** elf_spoil - the window no longer shows the frame behind @va. */
void elf_spoil(struct engine *e, uint64_t va);

/** hook_add - uc_hook_add() for all addresses. */
void hook_add(struct engine *e, int type, void *callback);

#endif
