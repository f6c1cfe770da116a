// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that a verb writes: whole or not at all, and known to be possible
 * before anything runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

/* As many symbolic links as Linux follows (MAXSYMLINKS). */
#define LINKS_MAX 40

static bool complain(const char *path)
{
	cli_error("cannot write '%s': %s", path, g_strerror(errno));
	return false;
}

/* What is at a path now. */
struct target {
	char *path;  /* through symbolic links, or the file replaces the link */
	bool exists; /* replaced, keeping its mode */
	bool stream; /* a device or a pipe: it takes what comes */
	mode_t mode;
};

/* Where the links that begin at @path end, if at nothing. */
static char *follow_links(const char *path)
{
	char *at = g_strdup(path);

	for (unsigned i = 0; i < LINKS_MAX; i++) {
		g_autofree char *before = at;
		g_autofree char *link = g_file_read_link(at, NULL);
		g_autofree char *folder = NULL;

		if (!link)
			return g_steal_pointer(&before);
		folder = g_path_get_dirname(at);
		at = g_path_is_absolute(link)
		             ? g_strdup(link)
		             : g_build_filename(folder, link, NULL);
	}
	return at;
}

/* Return: false and errno if it cannot be written to. */
static bool find_target(const char *path, struct target *t)
{
	struct stat st;

	*t = (struct target){ .mode = 0666 };
	if (stat(path, &st) < 0) {
		int err = errno;

		t->path = follow_links(path);
		errno = err;
		return errno == ENOENT;
	}
	t->exists = true;
	t->stream = !S_ISREG(st.st_mode);
	t->mode = st.st_mode & 07777;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	t->path = realpath(path, NULL);
	if (!t->path)
		t->path = g_strdup(path);
	return access(path, W_OK) == 0;
}

/* A new file beside @t that will become it, or be dropped. Return: its
 * descriptor. */
static int open_beside(const struct target *t, char **name)
{
	int fd;

	*name = g_strconcat(t->path, ".XXXXXX", NULL);
	fd = g_mkstemp_full(*name, O_WRONLY | O_CLOEXEC, (int)t->mode);
	if (fd >= 0)
		crash_unlink(*name);
	return fd;
}

static void drop(const char *name)
{
	(void)unlink(name);
	crash_unlink(NULL);
}

static bool try_target(const struct target *t)
{
	g_autofree char *name = NULL;
	int fd;

	if (t->stream)
		return true;
	fd = open_beside(t, &name);
	if (fd < 0)
		return false;
	(void)close(fd);
	drop(name);
	return true;
}

static bool is_possible(const char *path)
{
	struct target t = { 0 };
	bool possible;

	if (!path)
		return true;
	possible = (find_target(path, &t) && try_target(&t)) || complain(path);
	g_free(t.path);
	return possible;
}

bool outputs_possible(const struct cli_options *o)
{
	return is_possible(o->output) && is_possible(o->trace) &&
	       is_possible(o->choices_out);
}

/* ---- writing ---- */

static bool write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		text += n;
		len -= (size_t)n;
	}
	return true;
}

static bool write_stream(const struct target *t, const char *text, size_t len)
{
	int fd = open(t->path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write_all(fd, text, len);
	int err = errno;

	if (fd >= 0 && close(fd) < 0)
		return false;
	errno = err;
	return written;
}

static bool replace(const struct target *t, const char *text, size_t len)
{
	g_autofree char *name = NULL;
	int fd = open_beside(t, &name);
	bool written;
	int err;

	if (fd < 0)
		return false;
	written = write_all(fd, text, len) &&
	          (!t->exists || fchmod(fd, t->mode) == 0);
	err = errno;
	if (close(fd) < 0 && written) {
		written = false;
		err = errno;
	}
	if (written && rename(name, t->path) == 0) {
		crash_unlink(NULL);
		return true;
	}
	if (written)
		err = errno;
	drop(name);
	errno = err;
	return false;
}

bool write_file(const char *path, const char *text, size_t len)
{
	struct target t = { 0 };
	bool written = find_target(path, &t);

	if (written)
		written = t.stream ? write_stream(&t, text, len)
		                   : replace(&t, text, len);
	if (!written)
		(void)complain(path);
	g_free(t.path);
	return written;
}
