/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The smallest guest: says hello to its arguments; their number is its exit
 * status. */
#include "guest.h"

int main(int argc, char **argv)
{
	print("hello");
	for (int i = 1; i < argc; i++) {
		print(" ");
		print(argv[i]);
	}
	print("\n");
	return argc - 1;
}
