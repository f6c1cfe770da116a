/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/arch.h"

#include "base/bug.h"
#include "mm/arm64/arm64.h"
#include "mm/x86/x86.h"

const struct mm_arch *mm_arch_of(enum arch_id arch)
{
	static const struct mm_arch *const archs[ARCH_COUNT] = {
		[ARCH_X86_64] = &x86_mm_arch,
		[ARCH_ARM64] = &arm64_mm_arch,
	};

	BUG_ON(arch >= ARCH_COUNT || !archs[arch]);
	return archs[arch];
}
