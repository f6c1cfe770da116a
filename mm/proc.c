/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mm/proc.h"

#include <inttypes.h>
#include <string.h>

#include "mm/filemap.h"
#include "mm/mm.h"
#include "mm/vma_tree.h"

#define PAGE_KB (PAGE_SIZE / 1024)

/* Counters are summed without a lock and may be seen negative for a moment. */
static uint64_t counter_kb(int64_t pages)
{
	return pages > 0 ? (uint64_t)pages * PAGE_KB : 0;
}

/* Linux v6.12 fs/proc/task_mmu.c task_mem() */
struct mm_figures mm_figures(const struct mm_struct *mm)
{
	struct mm_figures f = {
		.vm_size = mm->total_vm * PAGE_KB,
		.rss_anon = counter_kb(mm->rss_anon.counter),
		.rss_file = counter_kb(mm->rss_file.counter),
		.rss_shmem = counter_kb(mm->rss_shmem.counter),
		.vm_pte = (uint64_t)mm->pgtables_bytes.counter / 1024 +
		          mm_opt(mm)->pgtables_base_kb,
	};

	f.vm_rss = f.rss_anon + f.rss_file + f.rss_shmem;
	return f;
}

uint64_t page_tables_kb(const struct kernel *k)
{
	return k->vmstat->nr_page_table_pages * PAGE_KB;
}

static void put_kb(GString *s, const char *key, uint64_t kb)
{
	g_string_append_printf(s, "%s:\t%8" PRIu64 " kB\n", key, kb);
}

/* Linux v6.12 fs/proc/array.c proc_pid_status(), the lines we know. */
void proc_pid_status(const struct task *t, GString *s)
{
	struct mm_figures f;

	g_string_append_printf(s, "Name:\t%s\nPid:\t%u\n", t->name, t->pid);
	if (!t->mm)
		return;
	f = mm_figures(t->mm);
	put_kb(s, "VmSize", f.vm_size);
	put_kb(s, "VmRSS", f.vm_rss);
	put_kb(s, "RssAnon", f.rss_anon);
	put_kb(s, "RssFile", f.rss_file);
	put_kb(s, "RssShmem", f.rss_shmem);
	put_kb(s, "VmPTE", f.vm_pte);
}

static void put_map(const struct mm_struct *mm,
                    const struct vm_area_struct *vma, GString *s)
{
	uint64_t flags = vma->vm_flags;
	const struct address_space *file = vma->vm_file;
	const char *name = vma->name;
	gsize start = s->len;

	g_string_append_printf(
		s,
		"%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64
		" %02x:%02x %u ",
		vma->vm_start, vma->vm_end, flags & VM_READ ? 'r' : '-',
		flags & VM_WRITE ? 'w' : '-', flags & VM_EXEC ? 'x' : '-',
		flags & VM_MAYSHARE ? 's' : 'p',
		file ? vma->vm_pgoff << PAGE_SHIFT : 0, 0U, file ? 1U : 0U,
		file ? file->id : 0U);

	if (file)
		name = file->name;
	else if (vma->vm_start <= mm->brk && vma->vm_end > mm->start_brk &&
	         mm->brk > mm->start_brk)
		name = "[heap]";
	if (name) {
		while (s->len - start < 73)
			g_string_append_c(s, ' ');
		g_string_append(s, name);
	}
	g_string_append_c(s, '\n');
}

/* Linux v6.12 fs/proc/task_mmu.c show_map_vma() */
void proc_pid_maps(const struct mm_struct *mm, GString *s)
{
	struct vm_area_struct *vma;

	for (vma = vma_tree_find(mm->mm_mt, 0); vma;
	     vma = vma_tree_find(mm->mm_mt, vma->vm_end))
		put_map(mm, vma, s);
}

static void put_meminfo(GString *s, const char *key, uint64_t kb)
{
	g_string_append_printf(s, "%s:%*" PRIu64 " kB\n", key,
	                       (int)(23 - strlen(key)), kb);
}

/* Linux v6.12 fs/proc/meminfo.c meminfo_proc_show(), the lines we know. */
void proc_meminfo(const struct kernel *k, GString *s)
{
	const struct physmem *mem = &k->machine->mem;
	const struct address_space *file;
	const struct mm_struct *mm;
	uint64_t anon = 0, shmem = 0;

	for_each_mm(k, mm) anon += counter_kb(mm->rss_anon.counter);
	for (file = k->files; file; file = file->next)
		shmem += file->nrpages * PAGE_KB;

	put_meminfo(s, "MemTotal", mem->nr_frames * PAGE_KB);
	put_meminfo(s, "MemFree", mem->nr_free * PAGE_KB);
	put_meminfo(s, "AnonPages", anon);
	put_meminfo(s, "Shmem", shmem);
	put_meminfo(s, "PageTables", page_tables_kb(k));
}

void proc_vmstat(const struct kernel *k, GString *s)
{
#define X(name) \
	g_string_append_printf(s, #name " %" PRIu64 "\n", k->vmstat->name);
	VMSTAT_ITEMS(X)
#undef X
}

bool proc_read(const struct task *t, const char *path, GString *s)
{
	const struct kernel *k = machine_kernel(t->agent->machine);
	char own[32];

	if (!strcmp(path, "/proc/meminfo")) {
		proc_meminfo(k, s);
		return true;
	}
	if (!strcmp(path, "/proc/vmstat")) {
		proc_vmstat(k, s);
		return true;
	}

	g_snprintf(own, sizeof(own), "/proc/%u/", t->pid);
	if (g_str_has_prefix(path, "/proc/self/"))
		path += strlen("/proc/self/");
	else if (g_str_has_prefix(path, own))
		path += strlen(own);
	else
		return false;

	if (!strcmp(path, "status"))
		proc_pid_status(t, s);
	else if (!strcmp(path, "maps") && t->mm)
		proc_pid_maps(t->mm, s);
	else
		return false;
	return true;
}
