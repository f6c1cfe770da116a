/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any text is a profile or an error, and a profile is one a TLB can be built
 * from. */
#include <glib.h>

#include "base/bug.h"
#include "mmu/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GError) error = NULL;
	struct cpu_profile *p =
		profile_parse((const char *)data, size, "fuzz", &error);
	struct tlb *t;

	BUG_ON(!p == !error);
	if (!p)
		return 0;
	t = g_new(struct tlb, 1);
	tlb_init(t, &p->tlb);
	BUG_ON(tlb_check(t));
	tlb_fini(t);
	g_free(t);
	profile_free(p);
	return 0;
}
