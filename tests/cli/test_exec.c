// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exec: a guest's output is its own, what became of it is said on stderr or in
 * --output, and the exit status is the contract's, never the guest's.
 */
#include <string.h>

#include "tests/cli/command.h"

#define HELLO MMULATOR_WORKLOADS "/hello" /* exits with its arguments */
#define CLOCK MMULATOR_WORKLOADS "/clock"

/* A static program that is only this code. */
static char *write_program(const char *name, const char *code, size_t len)
{
	uint64_t elf[15] = {
		0x00010102464c457f,
		0, /* ELF64, little-endian */
		0x00000001003e0002,
		0x400078, /* EXEC, x86-64, entry */
		64,
		0, /* program headers */
		0x0038004000000000,
		1, /* one of 56 bytes */
		0x0000000500000001,
		0, /* LOAD, R+X, offset 0 */
		0x400000,
		0x400000, /* at */
		sizeof(elf) + len,
		sizeof(elf) + len, /* size */
		0x1000,            /* alignment */
	};
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	char *path = temporary(name);

	g_byte_array_append(bytes, (const guint8 *)elf, sizeof(elf));
	g_byte_array_append(bytes, (const guint8 *)code, (guint)len);
	ck_assert(g_file_set_contents(path, (const char *)bytes->data,
	                              bytes->len, NULL));
	return path;
}

START_TEST(a_guest_that_does_well_has_the_output_to_itself)
{
	struct result result = run_command("exec " HELLO);

	ck_assert_int_eq(result.status, 0);
	ck_assert_str_eq(result.out, "hello\n");
	ck_assert_str_eq(result.err, "");
	clear_result(&result);
}
END_TEST

START_TEST(flags_behind_the_program_are_the_guests)
{
	struct result result = run_command("exec " HELLO " --help -q --seed");

	ck_assert_int_eq(result.status, 1);
	ck_assert_str_eq(result.out, "hello --help -q --seed\n");
	clear_result(&result);
}
END_TEST

START_TEST(the_guests_exit_status_is_told_not_passed_on)
{
	struct result result = run_command("exec " HELLO " 1 2 3 4 5 6 7");

	ck_assert_int_eq(result.status, 1);
	ck_assert_str_eq(result.err,
	                 "mmulator: " HELLO ": it exits with status 7\n");
	clear_result(&result);
}
END_TEST

START_TEST(json_has_the_keys_of_a_run)
{
	static const char *const keys[] = {
		"scenario",  "variant", "outcome", "hazards", "expected",
		"ok",        "steps",   "cycles",  "choices", "trace_hash",
		"exit_code", "signal",  "end",     "reason",  "instructions",
	};
	g_autofree char *path = temporary("json");
	struct result result = run_format(
		"exec --format json --output %s " HELLO " 1 2 3", path);
	g_autofree char *text = NULL;
	g_autoptr(JsonObject) object = NULL;

	ck_assert_int_eq(result.status, 1);
	ck_assert_str_eq(result.out, "hello 1 2 3\n");
	ck_assert_str_eq(result.err, "");
	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	object = parse_line(text);
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		assert_member(object, keys[i]);
	ck_assert_str_eq(json_object_get_string_member(object, "scenario"),
	                 HELLO);
	ck_assert_str_eq(json_object_get_string_member(object, "outcome"),
	                 "clean");
	ck_assert_int_eq(json_object_get_int_member(object, "exit_code"), 3);
	ck_assert(!json_object_get_boolean_member(object, "ok"));
	ck_assert_uint_eq(json_array_get_length(json_object_get_array_member(
				  object, "hazards")),
	                  0);
	g_unlink(path);
	clear_result(&result);
}
END_TEST

START_TEST(json_goes_to_stderr_without_output)
{
	struct result result = run_command("exec --format json " HELLO);
	g_autoptr(JsonObject) object = parse_line(result.err);

	ck_assert_int_eq(result.status, 0);
	ck_assert_str_eq(result.out, "hello\n");
	ck_assert(json_object_get_boolean_member(object, "ok"));
	clear_result(&result);
}
END_TEST

START_TEST(a_guest_that_never_ends_is_stopped)
{
	static const char code[] = "\xeb\xfe"; /* jmp . */
	g_autofree char *path = write_program("loop", code, 2);
	struct result text = run_format("exec --steps 5000 %s", path);
	struct result json =
		run_format("exec --steps 5000 --format json %s", path);
	g_autoptr(JsonObject) object = parse_line(json.err);

	ck_assert_int_eq(text.status, 1);
	ck_assert_ptr_nonnull(strstr(
		text.err, "it does not end within 5000 steps (--steps)\n"));
	ck_assert_int_eq(json.status, 1);
	ck_assert_str_eq(json_object_get_string_member(object, "outcome"),
	                 "incomplete");
	ck_assert_str_eq(json_object_get_string_member(object, "end"),
	                 "step cap");
	g_unlink(path);
	clear_result(&text);
	clear_result(&json);
}
END_TEST

START_TEST(a_signal_is_named)
{
	static const char code[] = "\x0f\x0b"; /* ud2 */
	g_autofree char *path = write_program("ud2", code, 2);
	g_autofree char *message = g_strdup_printf(
		"mmulator: %s: ended by SIGILL (ILL_ILLOPN) at 0x400078\n",
		path);
	struct result result = run_format("exec %s", path);

	ck_assert_int_eq(result.status, 1);
	ck_assert_str_eq(result.err, message);
	g_unlink(path);
	clear_result(&result);
}
END_TEST

START_TEST(system_calls_that_are_not_there_are_named)
{
	/* rseq(), number 1000, exit_group(3) */
	static const char code[] = "\xb8\x4e\x01\x00\x00\x0f\x05"
				   "\xb8\xe8\x03\x00\x00\x0f\x05"
				   "\xb8\xe7\x00\x00\x00\xbf\x03\x00\x00\x00"
				   "\x0f\x05";
	g_autofree char *path = write_program("calls", code, sizeof(code) - 1);
	g_autofree char *message = g_strdup_printf(
		"mmulator: %s: it exits with status 3\n"
		"  system calls it misses here: rseq (334), unknown (1000)\n",
		path);
	struct result result = run_format("exec %s", path);

	ck_assert_int_eq(result.status, 1);
	ck_assert_str_eq(result.err, message);
	g_unlink(path);
	clear_result(&result);
}
END_TEST

/* CALLF with a register: no processor knows it, and Unicorn aborts when it
 * translates it. */
START_TEST(a_guest_that_unicorn_cannot_translate_is_wrong_input)
{
	g_autofree char *path = write_program("hostile", "\xff\xd8", 2);
	struct result result = run_format("exec %s", path);

	ck_assert_int_eq(result.status, 2);
	ck_assert_ptr_nonnull(strstr(result.err, "cannot translate"));
	clear_result(&result);
	g_unlink(path);
}
END_TEST

START_TEST(the_time_stamp_counter_is_the_cpus_cycles)
{
	struct result first = run_command("exec -v " CLOCK);
	struct result second = run_command("exec -v " CLOCK);

	ck_assert_msg(first.status == 0, "%s", first.err);
	/* No clock of the host's is in it. */
	ck_assert_str_eq(second.err, first.err);
	clear_result(&first);
	clear_result(&second);
}
END_TEST

START_TEST(a_static_program_with_a_c_library_runs)
{
	g_autofree char *source = temporary("libc.c");
	g_autofree char *program = temporary("libc");
	g_autofree char *compile = g_strdup_printf(
		"cc -O2 -static -o %s %s 2>&1", program, source);
	struct result made, result;

	ck_assert(g_file_set_contents(source,
	                              "#include <stdio.h>\n"
	                              "int main(int argc, char **argv)\n"
	                              "{ return printf(\"%d %s\\n\", argc, "
	                              "argv[1]) != 4; }\n",
	                              -1, NULL));
	made = run_shell(compile);
	if (made.status == 0) {
		result = run_format("exec %s x", program);
		ck_assert_msg(result.status == 0, "%s", result.err);
		ck_assert_str_eq(result.out, "2 x\n");
		clear_result(&result);
	} else {
		printf("skipped, no static C library: %s", made.out);
	}
	g_unlink(source);
	g_unlink(program);
	clear_result(&made);
}
END_TEST

START_TEST(a_recorded_guest_runs_again)
{
	g_autofree char *log = temporary("log");
	struct result first, second, other;

	first = run_format("exec --format json --policy random --seed 3 "
	                   "--choices-out %s " HELLO,
	                   log);
	second = run_format("exec --format json --choices %s " HELLO, log);
	ck_assert_int_eq(first.status, 0);
	ck_assert_str_eq(second.err, first.err);
	other = run_format("exec --choices %s " HELLO " more", log);
	ck_assert_int_eq(other.status, 2);
	ck_assert_ptr_nonnull(
		strstr(other.err, ": argument 1 was '', not 'more'\n"));
	clear_result(&other);
	other = run_format("exec --choices %s " CLOCK, log);
	ck_assert_int_eq(other.status, 2);
	ck_assert_ptr_nonnull(strstr(other.err, " is not what it was then\n"));
	clear_result(&other);
	other = run_format("replay --choices %s " FLAGSHIP, log);
	ck_assert_int_eq(other.status, 2);
	ck_assert_ptr_nonnull(strstr(other.err, ": is of a program: "));
	clear_result(&other);
	g_unlink(log);
	clear_result(&first);
	clear_result(&second);
}
END_TEST

/* What `exec` says of wrong use, in one line. */
static void refused(const char *flags, const char *message)
{
	struct result result = run_format("exec %s " HELLO, flags);

	ck_assert_int_eq(result.status, 2);
	ck_assert_str_eq(result.err, message);
	ck_assert_str_eq(result.out, "");
	clear_result(&result);
}

START_TEST(the_machine_is_as_flags_say)
{
	g_autofree char *log = temporary("machine");
	struct result first, second, other;

	first = run_format("exec --cpus 2 --memory 64M --profile zen3 "
	                   "--choices-out %s --format json " HELLO,
	                   log);
	second = run_format("exec --choices %s --format json " HELLO, log);
	other = run_format("exec --choices %s --cpus 3 " HELLO, log);
	ck_assert_int_eq(first.status, 0);
	ck_assert_str_eq(second.err, first.err);
	ck_assert_int_eq(other.status, 2);
	ck_assert_ptr_nonnull(
		strstr(other.err, "was recorded with another --cpus"));
	clear_result(&first);
	clear_result(&second);
	clear_result(&other);
	g_unlink(log);
	refused("--cpus 65", "mmulator: --cpus '65': expected a whole number "
	                     "from 1 to 64\n");
	refused("--memory 5M", "mmulator: --memory '5M': expected 4M to 1024G, "
	                       "a multiple of 2M\n");
	refused("--memory 64", "mmulator: --memory '64': expected 4M to 1024G, "
	                       "a multiple of 2M\n");
	refused("--profile z80", "mmulator: there is no profile 'z80'\n");
	refused("--profile cortex-a710",
	        "mmulator: profile 'cortex-a710' is for arm64, not x86_64\n");
}
END_TEST

START_TEST(a_trace_has_every_step)
{
	g_autofree char *path = temporary("trace");
	struct result result = run_format("exec --trace %s " HELLO, path);
	g_autofree char *text = NULL;

	ck_assert_int_eq(result.status, 0);
	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	ck_assert_ptr_nonnull(strstr(text, "return from system call"));
	g_unlink(path);
	clear_result(&result);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cli/exec");
	TCase *tcase = tcase_create("exec");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, a_guest_that_does_well_has_the_output_to_itself);
	tcase_add_test(tcase, flags_behind_the_program_are_the_guests);
	tcase_add_test(tcase, the_guests_exit_status_is_told_not_passed_on);
	tcase_add_test(tcase, json_has_the_keys_of_a_run);
	tcase_add_test(tcase, json_goes_to_stderr_without_output);
	tcase_add_test(tcase, a_guest_that_never_ends_is_stopped);
	tcase_add_test(tcase, a_signal_is_named);
	tcase_add_test(tcase, system_calls_that_are_not_there_are_named);
	tcase_add_test(tcase,
	               a_guest_that_unicorn_cannot_translate_is_wrong_input);
	tcase_add_test(tcase, the_time_stamp_counter_is_the_cpus_cycles);
	tcase_add_test(tcase, a_static_program_with_a_c_library_runs);
	tcase_add_test(tcase, a_recorded_guest_runs_again);
	tcase_add_test(tcase, the_machine_is_as_flags_say);
	tcase_add_test(tcase, a_trace_has_every_step);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
