/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/arch.h"

#include <string.h>

static const char *const names[ARCH_COUNT] = {
	[ARCH_X86_64] = "x86_64",
	[ARCH_ARM64] = "arm64",
};

const char *arch_name(enum arch_id arch)
{
	return arch < ARCH_COUNT ? names[arch] : "?";
}

bool arch_parse(const char *name, enum arch_id *arch)
{
	for (unsigned i = 0; i < ARCH_COUNT; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		*arch = (enum arch_id)i;
		return true;
	}
	return false;
}
