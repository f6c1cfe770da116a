/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define CHUNK 65536

/* Until the end of file. Return: 0 or the errno. */
static int read_all(int fd, GByteArray *bytes)
{
	for (;;) {
		guint len = bytes->len;
		ssize_t n;

		if (len > G_MAXUINT / 2)
			return EFBIG;
		g_byte_array_set_size(bytes, len + CHUNK);
		n = read(fd, bytes->data + len, CHUNK);
		g_byte_array_set_size(bytes, len + (guint)MAX(n, 0));
		if (n < 0 && errno != EINTR)
			return errno;
		if (n == 0)
			return 0;
	}
}

char *file_read(const char *path, size_t *len, GError **error)
{
	GByteArray *bytes = g_byte_array_new();
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = fd < 0 ? errno : read_all(fd, bytes);

	if (fd >= 0)
		(void)close(fd);
	*len = bytes->len;
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	if (!err)
		return (char *)g_byte_array_free(bytes, FALSE);
	g_byte_array_free(bytes, TRUE);
	g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(err),
	            "cannot read '%s': %s", path, g_strerror(err));
	return NULL;
}
