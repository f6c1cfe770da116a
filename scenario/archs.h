/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `machine { arch x86_64, arm64 }`: every variant exists once per architecture.
 * The first keeps its name, the others are called NAME@ARCH; from here on they
 * are variants like any other.
 */
#ifndef MMULATOR_SCENARIO_ARCHS_H
#define MMULATOR_SCENARIO_ARCHS_H

#include "scenario/ast.h"

/**
 * scenario_split_archs - one variant per architecture.
 * @s: checked; not split before
 *
 * Afterwards every machine has one architecture and its profile a name.
 */
void scenario_split_archs(struct scenario *s);

#endif
