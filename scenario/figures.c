// SPDX-License-Identifier: GPL-2.0-or-later
#include "scenario/figures.h"

#include <string.h>

#include "base/bug.h"
#include "mm/mm_types.h"
#include "mm/proc.h"

static const char *const figures_known[] = {
	"VmSize", "VmRSS", "RssAnon", "RssFile", "RssShmem", "VmPTE", NULL,
};
static const size_t figure_offsets[] = {
	offsetof(struct mm_figures, vm_size),
	offsetof(struct mm_figures, vm_rss),
	offsetof(struct mm_figures, rss_anon),
	offsetof(struct mm_figures, rss_file),
	offsetof(struct mm_figures, rss_shmem),
	offsetof(struct mm_figures, vm_pte),
};

#define ITEM_NAME(name) #name,
static const char *const vmstats_known[] = { VMSTAT_ITEMS(ITEM_NAME) NULL };
#define ITEM_OFFSET(name) offsetof(struct vmstat, name),
static const size_t vmstat_offsets[] = { VMSTAT_ITEMS(ITEM_OFFSET) };

/* Index in @names, or -1. */
static int index_of(const char *const *names, const char *name)
{
	for (int i = 0; names[i]; i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return -1;
}

static uint64_t value_at(const void *base, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)base + offset, sizeof(value));
	return value;
}

bool figure_exists(const char *name)
{
	return index_of(figures_known, name) >= 0;
}

const char *const *figure_names(void)
{
	return figures_known;
}

uint64_t figure_get(const struct mm_figures *figures, const char *name)
{
	int i = index_of(figures_known, name);

	BUG_ON(i < 0);
	return value_at(figures, figure_offsets[i]);
}

bool vmstat_exists(const char *name)
{
	return index_of(vmstats_known, name) >= 0;
}

const char *const *vmstat_names(void)
{
	return vmstats_known;
}

uint64_t vmstat_get(const struct vmstat *vmstat, const char *name)
{
	int i = index_of(vmstats_known, name);

	BUG_ON(i < 0);
	return value_at(vmstat, vmstat_offsets[i]);
}
