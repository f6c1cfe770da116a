/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cost.h"

/* The same figures as profiles/skylake-sp.ini, which names the sources. */
const struct cost_table cost_table_default = {
	.name = "skylake-sp",
	.mhz = 2700,
	.insn = 1,
	.l1d_hit = 4,
	.stlb_hit = 9,
	.walk_step = 2,
	.kernel_op = 4,
	.atomic = 18,
	.line_same = 127,  /* 47 ns */
	.line_other = 362, /* 134 ns */
	.syscall = 120,
	.fault = 400,
	.irq_entry = 250,
	.irq_exit = 250,
	.ipi_send = 100,
	.ipi_wire = 300,
	.invlpg = 227,
	.flush_all = 1000,
	.cr3_write = 100,
	.clear_page = 1172, /* 434 ns */
	.copy_page = 1500,
	.context_switch = 1000,
	.cpus_per_socket = 24,
};
