/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that the views of viz/state.h share. */
#ifndef MMULATOR_VIZ_STATE_INTERNAL_H
#define MMULATOR_VIZ_STATE_INTERNAL_H

#include "viz/state.h"

/** viz_find_mm - by its id; NULL: it is gone. */
const struct mm_struct *viz_find_mm(const struct machine *m, unsigned id);
/** viz_frame_words - "PTE table 17 of A". */
void viz_frame_words(GString *out, const struct machine *m, pfn_t pfn);
/** viz_lock_words - "pte lock of PTE table 17 of A". */
void viz_lock_words(GString *out, const struct machine *m, const void *lock,
                    enum lock_class class);
/** viz_gate - the closed gate @a waits or sleeps at; NULL: none. */
const struct gate *viz_gate(const struct agent *a);

#endif
