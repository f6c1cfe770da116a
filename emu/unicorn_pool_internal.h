/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the pool of Unicorn engines. */
#ifndef MMULATOR_EMU_UNICORN_POOL_INTERNAL_H
#define MMULATOR_EMU_UNICORN_POOL_INTERNAL_H

#include <glib.h>
#include <stdint.h>

struct unicorn_arch;

struct unicorn_pool {
	const struct unicorn_arch *arch;
	GPtrArray *engines; /* of struct engine, oldest first */
	uint8_t *scratch;   /* what every data window of every engine shows */
};

#endif
