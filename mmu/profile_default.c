/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Profiles compiled in, one for each architecture. */
#include "mmu/profile.h"

#define D         (1 << TLB_DATA)
#define I         (1 << TLB_INSN)
#define ALL_SIZES ((1 << TLB_SIZE_COUNT) - 1)

/* The figures of profiles/skylake-sp.ini, which names their sources. */
static const struct cpu_profile skylake_sp = {
	.name = "skylake-sp",
	.description = "Intel Skylake-SP, Cascade Lake-SP; 2.7 GHz",
	.size_mix = SIZE_MIX_CHOOSE,
	.maxphyaddr = 46,
	.tlb = {
		.array = {
			{ "l1d-4k", 1, D, 1 << TLB_4K, TLB_TREE_PLRU, 64, 4 },
			{ "l1d-2m", 1, D, 1 << TLB_2M, TLB_TREE_PLRU, 32, 4 },
			{ "l1d-1g", 1, D, 1 << TLB_1G, TLB_TREE_PLRU, 4, 4 },
			{ "l1i-4k", 1, I, 1 << TLB_4K, TLB_TREE_PLRU, 128, 8 },
			{ "l1i-2m", 1, I, 1 << TLB_2M, TLB_TREE_PLRU, 8, 8 },
			{ "stlb", 2, D | I, 1 << TLB_4K | 1 << TLB_2M, TLB_LRU, 1536, 12 },
			{ "stlb-1g", 2, D | I, 1 << TLB_1G, TLB_TREE_PLRU, 16, 4 },
		},
		.nr_arrays = 7,
		.asid_bits = 12,
		.psc = { 0, 0, 32, 4, 4, 2 },
	},
	.costs = {
		.name = "skylake-sp",
		.mhz = 2700,
		.insn = 1,
		.l1d_hit = 4,
		.stlb_hit = 9,
		.walk_step = 2,
		.kernel_op = 4,
		.atomic = 18,
		.line_same = 127,
		.line_other = 362,
		.syscall = 120,
		.fault = 400,
		.irq_entry = 250,
		.irq_exit = 250,
		.ipi_send = 100,
		.ipi_wire = 300,
		.invlpg = 227,
		.flush_all = 1000,
		.cr3_write = 100,
		.clear_page = 1172,
		.copy_page = 1500,
		.context_switch = 1000,
		.cpus_per_socket = 24,
	},
};

/* The figures of profiles/cortex-a76.ini, which names their sources. */
static const struct cpu_profile cortex_a76 = {
	.name = "cortex-a76",
	.arch = ARCH_ARM64,
	.description = "Arm Cortex-A76 (Snapdragon 855); 2.84 GHz",
	.size_mix = SIZE_MIX_CHOOSE,
	.maxphyaddr = 40,
	.tlb = {
		.array = {
			{ "l1d", 1, D, ALL_SIZES & ~(1 << TLB_1G), TLB_LRU, 48, 48 },
			{ "l1i", 1, I,
			  ALL_SIZES & ~(1 << TLB_1G | 1 << TLB_512M), TLB_LRU, 48, 48 },
			{ "l2", 2, D | I, ALL_SIZES, TLB_LRU, 1280, 5 },
		},
		.nr_arrays = 3,
		.asid_bits = 16,
		.psc = { 0, 0, 16, 16, 16, 0 },
	},
	.costs = {
		.name = "cortex-a76",
		.mhz = 2840,
		.insn = 1,
		.l1d_hit = 4,
		.stlb_hit = 5,
		.walk_step = 2,
		.kernel_op = 4,
		.atomic = 15,
		.line_same = 114,
		.line_other = 114,
		.syscall = 150,
		.fault = 350,
		.irq_entry = 250,
		.irq_exit = 250,
		.ipi_send = 100,
		.ipi_wire = 300,
		.invlpg = 15,
		.flush_all = 15,
		.cr3_write = 20,
		.dsb = 100,
		.stg = 1,
		.ldg = 4,
		.tag_page = 64,
		.tag_store = 1,
		.clear_page = 300,
		.copy_page = 400,
		.context_switch = 1000,
		.cpus_per_socket = 8,
	},
};

const struct cpu_profile *profile_default(void)
{
	return &skylake_sp;
}

const struct cpu_profile *profile_default_of(enum arch_id arch)
{
	return arch == ARCH_ARM64 ? &cortex_a76 : &skylake_sp;
}
