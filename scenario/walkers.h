/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a scenario's machine does on its own (`speculation`, `eviction`): whose
 * addresses it may walk for are those the threads mention.
 */
#ifndef MMULATOR_SCENARIO_WALKERS_H
#define MMULATOR_SCENARIO_WALKERS_H

#include "emu/vcpu.h"
#include "scenario/ast.h"

/**
 * scenario_start_walkers - create the agents for it.
 * @s: the scenario, compiled
 * @d: its machine
 * @emu: reset, before the threads run; each run anew
 *
 * Nothing is created if the machine does nothing on its own, or has no room for
 * more agents.
 */
void scenario_start_walkers(const struct scenario *s,
                            const struct ast_machine *d, struct emu *emu);

#endif
