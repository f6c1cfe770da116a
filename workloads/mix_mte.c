/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mix.c on arm64 with a tagged heap: needs --option mte=on. */
#define TAGGED
#include "mix.c"
