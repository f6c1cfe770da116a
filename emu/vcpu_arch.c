/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emu/vcpu_arch.h"

#include "base/bug.h"

const struct vcpu_arch *vcpu_arch_get(enum arch_id arch)
{
	static const struct vcpu_arch *const table[ARCH_COUNT] = {
		[ARCH_X86_64] = &vcpu_arch_x86,
		[ARCH_ARM64] = &vcpu_arch_arm64,
	};

	BUG_ON(arch >= ARCH_COUNT);
	return table[arch];
}
