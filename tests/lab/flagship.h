/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scenarios/pt-reclaim/size-mix.scn, built in C. */
#ifndef MMULATOR_TESTS_LAB_FLAGSHIP_H
#define MMULATOR_TESTS_LAB_FLAGSHIP_H

#include "lab/builder.h"

struct lab_builder *build_flagship(void);
/** finish_scenario - what @b built; @b is freed. */
struct scenario *finish_scenario(struct lab_builder *b);

#endif
