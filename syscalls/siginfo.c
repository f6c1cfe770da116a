/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syscalls/siginfo.h"

#include <glib.h>
#include <signal.h>

struct si_code {
	int signal, code;
	const char *name;
};

/* Linux v6.12 include/uapi/asm-generic/siginfo.h */
static const struct si_code codes[] = {
	{ SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR" },
	{ SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR" },
	{ SIGSEGV, 8, "SEGV_MTEAERR" },
	{ SIGSEGV, 9, "SEGV_MTESERR" },
	{ SIGBUS, BUS_ADRALN, "BUS_ADRALN" },
	{ SIGBUS, BUS_ADRERR, "BUS_ADRERR" },
	{ SIGBUS, BUS_OBJERR, "BUS_OBJERR" },
	{ SIGILL, ILL_ILLOPC, "ILL_ILLOPC" },
	{ SIGILL, ILL_ILLOPN, "ILL_ILLOPN" },
	{ SIGFPE, FPE_INTDIV, "FPE_INTDIV" },
	{ SIGTRAP, TRAP_BRKPT, "TRAP_BRKPT" },
	{ SIGTRAP, TRAP_TRACE, "TRAP_TRACE" },
};

const char *si_code_name(int signal, int code)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(codes); i++)
		if (codes[i].signal == signal && codes[i].code == code)
			return codes[i].name;
	return code == SI_KERNEL ? "SI_KERNEL" : NULL;
}
