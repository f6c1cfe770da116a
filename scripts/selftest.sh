#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The checks can fail: plant one violation of each kind in a small tree and
# see that the right check names it; and that the clean tree passes.
set -u
scripts=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0
planted=0

# write PATH: stdin becomes the file, below a licence line if it is C.
write() {
	mkdir -p "$tree/$(dirname "$1")"
	case $1 in
	*.c | *.h) echo '// SPDX-License-Identifier: GPL-2.0-or-later' ;;
	esac >"$tree/$1"
	cat >>"$tree/$1"
}

clean_tree() {
	rm -rf "${tree:?}"/*
	write base/types.h <<-'END'
		#ifndef MMULATOR_BASE_TYPES_H
		#define MMULATOR_BASE_TYPES_H
		typedef unsigned long pfn_t;
		#endif
	END
	write base/bug.c <<-'END'
		#include <stdio.h>
		#include <stdlib.h>
		void bug(void) { fprintf(stderr, "bug\n"); abort(); }
	END
	write mm/fault.c <<-'END'
		#include <glib.h>
		#include "base/types.h"
		#include "mm/fault_internal.h"
		/* printf(), exit() and rand() in comments are nobody's business. */
		/* TODO(12): later. DIVERGES: here. */
		static const char *text = "time(NULL)";
		int member(struct s *s) { return s->time(0) + s->clock; }
	END
	write mm/fault_internal.h <<-'END'
		#ifndef MMULATOR_MM_FAULT_INTERNAL_H
		#define MMULATOR_MM_FAULT_INTERNAL_H
		#endif
	END
	write docs/CAVEATS.md <<-'END'
		# Caveats
		- mm/fault.c: differs.
		```
		# not a heading
		```
	END
	write docs/races/architectures.md <<-'END'
		# Architectures
		## x86-64 only
		| `lazy/a` | no lazy CPUs | b.c `f()` |
		## arm64 only
	END
	write scenarios/lazy/a.scn <<-'END'
		scenario "arch arm64"
		variant v { machine { arch arm64 } }
	END
	write scenarios/lazy/b.scn <<-'END'
		scenario "b"
		machine { arch x86_64, arm64 }
	END
}

run_check() {
	"$scripts/$1" --root "$tree" 2>&1
}

# expect CHECK TEXT: the check fails and says TEXT. Restores the clean tree.
expect() {
	local output
	planted=$((planted + 1))
	if output=$(run_check "$1"); then
		echo "$1 passed in spite of: $2"
		failures=$((failures + 1))
	elif [[ "$output" != *"$2"* ]]; then
		echo "$1 failed without saying '$2' but: $output"
		failures=$((failures + 1))
	fi
	clean_tree
}

expect_clean() {
	local output
	output=$(run_check "$1") && return
	echo "$1 fails on a clean tree: $output"
	failures=$((failures + 1))
}

# add PATH LINE: append a line to a file of the tree.
add() {
	mkdir -p "$tree/$(dirname "$1")"
	printf '%s\n' "$2" >>"$tree/$1"
}

test_layers() {
	add mm/fault.c '#include "tlb/tlb.h"'
	expect check-layers "mm may not use tlb"
	add explore/dpor.c '#include "mm/fault.h"'
	expect check-layers "explore may not use mm"
	add base/types.h '# include "mm/fault.h"'
	expect check-layers "base may not use mm"
	add viz/a.c '#include "cli/cli.h"'
	expect check-layers "viz may not use cli"
	add mm/fault.c '#include <unicorn/unicorn.h>'
	expect check-layers "mm may not use unicorn"
	add oracle/a.c '#include <capstone/capstone.h>'
	expect check-layers "oracle may not use capstone"
	add mm/fault.c '#include <check.h>'
	expect check-layers "mm may not use check"
	add cli/main.c '#include "mm/fault_internal.h"'
	expect check-layers "internal to mm"
	add tests/cli/test_main.c '#include "mm/fault_internal.h"'
	expect check-layers "internal to mm"
	add mm/fault.c '#include "fault.h"'
	expect check-layers "full path"
	add mm/zap.c '#include "mm/x86/tlb.h"'
	expect check-layers "only mm/x86/ and mm/arch.c may"
	add viz/a.c '#include "mm/x86/tlb.h"'
	expect check-layers "only mm/x86/ and mm/arch.c may"
}

test_banned() {
	local line
	for line in 'printf("x");' 'fprintf(out, "x");' 'puts ("x");' \
		'exit(1);' 'abort();' 'rand();' 'time(NULL);' 'getenv("X");' \
		'pthread_create();' 'g_hash_table_foreach(t, f, 0);' \
		'GHashTableIter it;' 'strcpy(a, b);' 'setjmp(env);' \
		'sigsetjmp(env, 1);' 'longjmp(env, 1);' 'clock_gettime(0, &ts);' \
		'g_get_monotonic_time();' 'g_warning("x");' 'stderr;' \
		'sprintf(a, b);'; do
		add mm/fault.c "$line"
		expect check-banned "${line%%[ (;]*}"
	done
	add base/bug.c 'exit(1);'
	expect check-banned exit
	add cli/main.c 'strcat(a, b);'
	expect check-banned strcat
}

test_shape() {
	echo 'int x;' >"$tree/mm/new.c"
	expect check-shape "mm/new.c:1: no"
	sed -i 's/GPL-2.0-or-later/MIT/' "$tree/mm/fault.c"
	expect check-shape "mm/fault.c:1: no"
	echo 'true' >"$tree/test"
	expect check-shape "test:1: no"
	sed -i 's/MMULATOR_BASE/MMU_BASE/' "$tree/base/types.h"
	expect check-shape "guard is not MMULATOR_BASE_TYPES_H"
	sed -i 's/define MMULATOR_BASE/define MMU_BASE/' "$tree/base/types.h"
	expect check-shape "expected #define"
	seq -f '// %g' 800 >>"$tree/mm/fault.c"
	expect check-shape "at most 800"
	seq -f '// %g' 1200 | write tests/mm/test_fault.c
	expect check-shape "at most 1200"
	add mm/fault.c "//$(printf '%99s' '')x"
	expect check-shape "102 columns"
	add mm/fault.c "$(printf '\t%93s' '')x"
	expect check-shape "102 columns"
	add mm/fault.c '/* TODO: later */'
	expect check-shape "TODO(issue number)"
	add mm/fault.c '/* FIXME */'
	expect check-shape "TODO(issue number)"
	add mm/fault.c '/* DIVERGES: again */'
	expect check-shape "fewer mentions"
	add mm/fault.c "$(printf '\t\t\t\t')if (deep) {"
	expect check-shape "nested deeper than 3"
	add docs/CAVEATS.md '# Two'
	expect check-shape "2 first-level"
	add README.md 'text'
	expect check-shape "0 first-level"
}

test_archs() {
	add scenarios/mte/c.scn 'machine { arch arm64 cpus 2 }'
	expect check-archs "scenarios/mte/c.scn: arm64 only, and"
	# shellcheck disable=SC2016 # Markdown's
	add docs/races/architectures.md '| `lazy/b` | of both | |'
	expect check-archs "lazy/b is not there, or not arm64's only"
	rm "$tree/scenarios/lazy/a.scn"
	expect check-archs "lazy/a is not there, or not x86_64's only"
}

test_headers() {
	add mm/fault_internal.h 'pfn_t missing;'
	expect check-headers "mm/fault_internal.h: does not compile"
	add cli/t.h 'int undocumented(void);'
	expect check-headers "cli/t.h:1: undocumented() has no comment"
	sed -i '/ifndef\|endif/d' "$tree/base/types.h"
	add base/types.h 'struct twice { int x; };'
	expect check-headers "base/types.h: does not compile"
	test_documents
}

# documented CODE TEXT: of a public header with CODE check-headers says TEXT;
# TEXT "" means that it says nothing.
documented() {
	local output
	planted=$((planted + 1))
	mkdir -p "$tree/tlb"
	printf '%s\n' "#ifndef MMULATOR_TLB_T_H" "#define MMULATOR_TLB_T_H" \
		"$1" "#endif" >"$tree/tlb/t.h"
	output=$(run_check check-headers | grep 'tlb/t.h:[0-9]')
	if [[ "$output" != *"$2"* || -z "$2" && -n "$output" ]]; then
		echo "check-headers says '$output', not '$2', of: $1"
		failures=$((failures + 1))
	fi
	clean_tree
}

test_documents() {
	documented 'int f(int n);' 'f() has no comment of its own'
	documented '/* f - of @n. Return: it. */
int f(int n);' 'f() has no comment of its own'
	documented '/** f - of @n. */
int f(int n);' 'f() has no Return:'
	documented '/** f - it. Return: it. */
int f(int n);' 'says nothing of @n'
	documented '/** f - of @n and @m. Return: it. */
int f(int n);' 'speaks of @m'
	documented '/** g - of @n. Return: it. */
int f(int n);' 'the comment before f() begins with g'
	documented '/** f, g - of @n. */
void f(int n);
void g(int n);' 'shares a comment that is no family'
	documented '/** family: f, g - of @n. */
void f(int n);
void h(int n);' 'g() should be here'
	documented '/** family: f, g - of @n. */
void f(int n);
int g(int n);' 'g() is no family of f()'
	documented '/** family: f, g - of @n. */
void f(int n);' 'g() is missing'
	documented '#include <glib.h>
struct s;
/** f - of @fn and @text. Return: it. */
int f(struct s *s, void (*fn)(void *p, int q),
      const char *text, ...) G_GNUC_PRINTF(3, 4);
static inline int h(void)
{
	return 0;
}
/** family: k, l - of @n. */
void k(const struct s *s, const int n[4]);
void l(const struct s *s, const int n[4]);
struct s2 {
	int (*g)(int x);
};
typedef int (*pointer)(int x);
extern int (*hook)(int x);
#define M(x) f(x)' ''
}

# check-globals reads libraries, so compile some.
make_library() {
	local module=$1
	mkdir -p "$tree/build/$module"
	touch "$tree/build/CMakeCache.txt"
	gcc -x c -c -fPIC - -o "$tree/build/$module/x.o" &&
		ar rcs "$tree/build/$module/libmmu_$module.a" \
			"$tree/build/$module/x.o"
}

# expect_globals MODULE CODE TEXT: TEXT "" means that it passes.
expect_globals() {
	local output status expected=0
	planted=$((planted + 1))
	echo "$2" | make_library "$1"
	output=$("$scripts/check-globals" "$tree/build" 2>&1)
	status=$?
	[ -z "$3" ] || expected=1
	if [[ "$output" != *"$3"* ]] || [ $status != $expected ]; then
		echo "check-globals on '$2': status $status: $output"
		failures=$((failures + 1))
	fi
	rm -rf "$tree/build"
}

test_globals() {
	expect_globals mm 'int counter;' "counter in .bss"
	expect_globals mm 'int counter = 3;' "counter in .data"
	expect_globals mm 'int counter __attribute__((common));' "counter in *COM*"
	expect_globals mm 'int f(void) { static int n; return n++; }' "in .bss"
	expect_globals mm 'static __thread int n; int f(void) { return n++; }' "in .tbss"
	expect_globals mm '__thread int n = 3;' "in .tdata"
	expect_globals mm '__thread void *current_agent;' "current_agent in .tbss"
	expect_globals base '__thread void *current_agent;' ""
	expect_globals mm 'const char *const names[] = { "a", "b" };' ""
	expect_globals viz 'int counter;' ""
}

clean_tree
for check in check-layers check-banned check-shape check-headers check-archs; do
	expect_clean $check
done
test_layers
test_banned
test_shape
test_headers
test_archs
test_globals
[ $failures = 0 ] || exit 1
echo "selftest: the checks found all that was planted ($planted cases)"
