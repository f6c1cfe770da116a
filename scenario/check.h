/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a parsed scenario make sense?  Names are resolved, threads become
 * programs, everything that could go wrong in a run because of the text is
 * found here, so that a run cannot fail for such a reason.
 */
#ifndef MMULATOR_SCENARIO_CHECK_H
#define MMULATOR_SCENARIO_CHECK_H

#include "scenario/ast.h"

/* Errors reported at once. */
#define SCENARIO_ERRORS_MAX 20

/**
 * scenario_check - fill the fields marked "checked".
 * @s: as parsed; not checked before
 * @errors: what is wrong is appended, each as source_report() does, up to
 *	SCENARIO_ERRORS_MAX; if it is still empty afterwards the scenario can
 *	run
 */
void scenario_check(struct scenario *s, GString *errors);

#endif
