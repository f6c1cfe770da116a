// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Feeds files to a fuzz target without libFuzzer: each argument is a file, or
 * a folder whose files are fed in the order of their names. Always feeds the
 * empty input first.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void feed_file(const char *path)
{
	g_autofree char *data = NULL;
	gsize size = 0;

	if (!g_file_get_contents(path, &data, &size, NULL)) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(EXIT_FAILURE);
	}
	/* Exactly the input's bytes, so that asan sees a read beyond them. */
	g_autofree uint8_t *copy = g_memdup2(data, size);
	LLVMFuzzerTestOneInput(copy, size);
}

static int by_name(const void *a, const void *b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

static unsigned int feed_folder(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while (dir && (name = g_dir_read_name(dir)))
		g_ptr_array_add(names, g_build_filename(path, name, NULL));
	g_ptr_array_sort(names, by_name);
	for (unsigned int i = 0; i < names->len; i++)
		feed_file(g_ptr_array_index(names, i));
	return names->len;
}

int main(int argc, char **argv)
{
	unsigned int nr_inputs = 1;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		if (g_file_test(argv[i], G_FILE_TEST_IS_REGULAR)) {
			feed_file(argv[i]);
			nr_inputs++;
		} else {
			nr_inputs += feed_folder(argv[i]);
		}
	}
	printf("%u inputs\n", nr_inputs);
	return EXIT_SUCCESS;
}
