/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading a file whole, with a message that names it as the user did.
 */
#ifndef MMULATOR_BASE_FILE_H
#define MMULATOR_BASE_FILE_H

#include <glib.h>

/**
 * file_read - the content of a file, a pipe or a device until its end.
 * @path: as the user named it
 * @len: bytes
 *
 * Return: the bytes with a zero byte behind them, to be freed with g_free();
 * NULL and @error (G_FILE_ERROR), "cannot read 'PATH': REASON".
 */
char *file_read(const char *path, size_t *len, GError **error);

#endif
