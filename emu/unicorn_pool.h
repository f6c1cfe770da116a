/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unicorn engines, kept from run to run: opening one costs a hundred times what
 * a short run does.
 */
#ifndef MMULATOR_EMU_UNICORN_POOL_H
#define MMULATOR_EMU_UNICORN_POOL_H

struct unicorn_pool;
struct vcpu_arch;

/**
 * unicorn_pool_new - no engines yet.
 * @arch: of the machine
 *
 * Return: never NULL; unicorn_pool_free().
 */
struct unicorn_pool *unicorn_pool_new(const struct vcpu_arch *arch);
/** unicorn_pool_reset - a new run: nobody uses any engine. */
void unicorn_pool_reset(struct unicorn_pool *pool);
/**
 * unicorn_pool_free - all engines go.
 *
 * Context: none is running.
 */
void unicorn_pool_free(struct unicorn_pool *pool);

#endif
