/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the code of scenario threads keeps its values: emu/arm64_compile.c
 * decides, emu/arm64_unicorn.c reads them. Numbers of general registers. */
#ifndef MMULATOR_EMU_ARM64_REGS_INTERNAL_H
#define MMULATOR_EMU_ARM64_REGS_INTERNAL_H

#define ARM64_PROGRAM_REGS                \
	{                                 \
		0, 19, 20, 21, 22, 23, 24 \
	}
#define ARM64_SCRATCH_VALUE    9U
#define ARM64_SCRATCH_ADDR     10U
#define ARM64_SCRATCH_EXPECTED 11U

#endif
