// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/pool_internal.h"
#include "scenario/part.h"

#define PROGRESS_MS 100
#define READ_BYTES  65536

struct process {
	pid_t pid;      /* 0: it ended */
	int pipe;       /* -1: it ended */
	GString *input; /* the beginning of a line */
};

/* What came for a variant and was not asked for yet. */
struct inbox {
	GQueue lines; /* of char * */
	unsigned nr_left;
	bool closed;
};

struct pool {
	struct plan *plan;
	const GArray *items;
	struct shared *shared;
	size_t shared_bytes;
	struct process *processes;
	unsigned nr_processes;
	struct inbox *inboxes;
	bool crashed;
};

GQuark pool_error_quark(void)
{
	return g_quark_from_static_string("mmulator-pool-error");
}

/* ---- processes ---- */

static G_GNUC_NORETURN void be_worker(struct pool *pool, unsigned number,
                                      int out, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CLI_OK);
	for (unsigned i = 0; i < number; i++)
		close(pool->processes[i].pipe);
	(void)signal(SIGPIPE, SIG_IGN);
	work(pool->plan, pool->items, pool->shared, number, out);
	_exit(CLI_OK);
}

static bool start(struct pool *pool)
{
	struct process *process = &pool->processes[pool->nr_processes];
	pid_t parent = getpid();
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	(void)fflush(NULL);
	process->pid = fork();
	if (process->pid == 0) {
		close(ends[0]);
		be_worker(pool, pool->nr_processes, ends[1], parent);
	}
	close(ends[1]);
	if (process->pid < 0) {
		close(ends[0]);
		return false;
	}
	process->pipe = ends[0];
	process->input = g_string_new(NULL);
	pool->nr_processes++;
	return true;
}

struct pool *pool_new(unsigned nr_workers, const GArray *items,
                      struct plan *plan)
{
	struct pool *pool = g_new0(struct pool, 1);

	pool->plan = plan;
	pool->items = items;
	pool->shared_bytes =
		sizeof(struct shared) + items->len * sizeof(struct shared_item);
	pool->shared = mmap(NULL, pool->shared_bytes, PROT_READ | PROT_WRITE,
	                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pool->processes = g_new0(struct process, nr_workers);
	pool->inboxes = g_new0(struct inbox, items->len);
	while (pool->shared != MAP_FAILED && pool->nr_processes < nr_workers &&
	       start(pool))
		;
	if (pool->nr_processes == nr_workers)
		return pool;
	cli_error("-j %u: %s", nr_workers, g_strerror(errno));
	pool_free(pool);
	return NULL;
}

static void end_process(struct process *process)
{
	if (process->pid > 0) {
		kill(process->pid, SIGKILL);
		waitpid(process->pid, NULL, 0);
	}
	if (process->pipe >= 0)
		close(process->pipe);
	g_string_free(process->input, TRUE);
}

static void close_inbox(struct inbox *inbox)
{
	inbox->closed = true;
	g_queue_clear_full(&inbox->lines, g_free);
}

void pool_free(struct pool *pool)
{
	if (!pool)
		return;
	for (unsigned i = 0; i < pool->nr_processes; i++)
		end_process(&pool->processes[i]);
	for (unsigned i = 0; i < pool->items->len; i++)
		close_inbox(&pool->inboxes[i]);
	if (pool->shared != MAP_FAILED)
		munmap(pool->shared, pool->shared_bytes);
	g_free(pool->processes);
	g_free(pool->inboxes);
	g_free(pool);
}

/* ---- what they say ---- */

static void take_line(struct pool *pool, char *line)
{
	const char *word = strchr(line, ' ');
	unsigned item = word ? (unsigned)strtoul(word, NULL, 10) : 0;
	struct inbox *inbox = &pool->inboxes[item];

	if (g_str_has_prefix(line, "left "))
		inbox->nr_left++;
	else if (!inbox->closed)
		g_queue_push_tail(&inbox->lines, g_steal_pointer(&line));
	g_free(line);
}

static void take_input(struct pool *pool, struct process *process)
{
	char *end;

	while ((end = strchr(process->input->str, '\n'))) {
		gssize len = end - process->input->str;

		take_line(pool, g_strndup(process->input->str, (gsize)len));
		g_string_erase(process->input, 0, len + 1);
	}
}

/* A worker of ours that ended before its work did has a bug. */
static void note_end(struct pool *pool, unsigned number)
{
	struct process *process = &pool->processes[number];
	unsigned item = atomic_load(&pool->shared->doing[number]);
	const struct pool_item *i =
		&g_array_index(pool->items, struct pool_item, item);
	g_autofree char *command = plan_command(pool->plan, i->scenario, i->v);
	int status = 0;

	close(process->pipe);
	process->pipe = -1;
	waitpid(process->pid, &status, 0);
	process->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CLI_OK)
		return;
	/* One is enough; and who aborted has said so. */
	if (WIFSIGNALED(status) && !pool->crashed)
		fprintf(stderr,
		        "\nmmulator: internal error: a worker was ended by "
		        "signal %d (%s); please report it. To reproduce:\n"
		        "    %s\n",
		        WTERMSIG(status), g_strsignal(WTERMSIG(status)),
		        command);
	pool->crashed = true;
}

static void hear(struct pool *pool, unsigned number)
{
	struct process *process = &pool->processes[number];
	GString *input = process->input;
	gsize len = input->len;
	ssize_t n;

	g_string_set_size(input, len + READ_BYTES);
	n = read(process->pipe, input->str + len, READ_BYTES);
	g_string_set_size(input, len + (gsize)MAX(n, 0));
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		note_end(pool, number);
		return;
	}
	if (memchr(input->str + len, '\n', (size_t)n))
		take_input(pool, process);
}

/* Wait until somebody says something, or for a moment. */
static void listen_to_all(struct pool *pool)
{
	struct pollfd fds[CLI_JOBS_MAX];

	for (unsigned i = 0; i < pool->nr_processes; i++)
		fds[i] = (struct pollfd){ .fd = pool->processes[i].pipe,
			                  .events = POLLIN };
	if (poll(fds, pool->nr_processes, PROGRESS_MS) <= 0)
		return;
	for (unsigned i = 0; i < pool->nr_processes; i++) {
		if (fds[i].fd >= 0 && fds[i].revents)
			hear(pool, i);
	}
}

static void show_progress(const struct pool *pool, unsigned item)
{
	const struct plan *plan = pool->plan;

	if (plan->progress)
		plan->progress(
			plan->data,
			(unsigned)atomic_load(&pool->shared->items[item].runs),
			(unsigned)plan->search.max_executions);
}

/* The next line for @item; g_free() it. NULL: there will be none, or @error. */
static char *next_line(struct pool *pool, unsigned item, GError **error)
{
	struct inbox *inbox = &pool->inboxes[item];
	char *line;

	while (!(line = g_queue_pop_head(&inbox->lines))) {
		if (pool->crashed) {
			g_set_error(error, POOL_ERROR, POOL_ERROR_CRASHED,
			            "a worker died");
			return NULL;
		}
		if (inbox->nr_left == pool->nr_processes)
			return NULL;
		show_progress(pool, item);
		listen_to_all(pool);
	}
	return line;
}

/* ---- results ---- */

/* Nobody need go on with it. */
static void finish(struct pool *pool, unsigned item)
{
	atomic_store(&pool->shared->items[item].over, true);
	close_inbox(&pool->inboxes[item]);
}

static struct part *read_part(const struct pool *pool, unsigned item,
                              const char *text, GError **error)
{
	const struct pool_item *i =
		&g_array_index(pool->items, struct pool_item, item);
	g_autoptr(JsonNode) node = json_from_string(text, error);

	return node ? part_from_json(node, i->scenario, error) : NULL;
}

/* Return: -1: an error; 0: enough; 1: more. */
static int take_part(const struct search_sink *sink, struct part *p)
{
	return p ? sink->part(sink->data, p) : -1;
}

static int take_walked(const struct search_sink *sink, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 3);

	return sink->walked(sink->data, (unsigned)strtoul(words[0], NULL, 10),
	                    (unsigned)strtoul(words[1], NULL, 10),
	                    words[2][0] == '1');
}

static void take_error(const char *text, GError **error)
{
	g_autofree char *message = g_strcompress(text);

	g_set_error_literal(error, POOL_ERROR, POOL_ERROR_RUN, message);
}

/* What follows "WORD ITEM ". */
static const char *line_rest(const char *line)
{
	return strchr(strchr(line, ' ') + 1, ' ') + 1;
}

bool pool_parts(struct pool *pool, unsigned item,
                const struct search_sink *sink, GError **error)
{
	GError *failure = NULL;
	char *line;
	int more = 1;

	while (more > 0 && (line = next_line(pool, item, &failure))) {
		const char *rest = line_rest(line);

		if (g_str_has_prefix(line, "part ")) {
			more = take_part(sink,
			                 read_part(pool, item, rest, &failure));
		} else if (g_str_has_prefix(line, "walked ")) {
			more = take_walked(sink, rest);
		} else {
			take_error(rest, &failure);
			more = -1;
		}
		g_free(line);
	}
	finish(pool, item);
	if (!failure)
		return true;
	g_propagate_error(error, failure);
	return false;
}

static bool read_verdict(const struct pool *pool, unsigned item,
                         const char *text, struct verdict *out, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 5);
	struct part *p = read_part(pool, item, words[4], error);
	struct part_run *kept;

	if (!p)
		return false;
	kept = p->runs->pdata[0];
	*out = (struct verdict){
		.ok = !kept->reason,
		.reason = g_steal_pointer(&kept->reason),
		.fired = (uint32_t)strtoul(words[2], NULL, 10),
		.end = (enum run_end)strtoul(words[3], NULL, 10),
		.executions = (unsigned)p->executions,
		.first = kept->run,
		.log = g_steal_pointer(&kept->log),
		.run = g_ascii_strtoll(words[0], NULL, 10),
		.seed = g_ascii_strtoull(words[1], NULL, 10),
		.killed = g_steal_pointer(&p->killed),
	};
	if (p->killed_runs->len)
		out->killed_runs = (unsigned)g_array_index(p->killed_runs,
		                                           struct part_range, 0)
		                           .end;
	part_free(p);
	return true;
}

bool pool_verdict(struct pool *pool, unsigned item, struct verdict *out,
                  GError **error)
{
	g_autofree char *line = next_line(pool, item, error);
	const char *rest = line ? line_rest(line) : NULL;
	bool there = false;

	if (rest && g_str_has_prefix(line, "verdict "))
		there = read_verdict(pool, item, rest, out, error);
	else if (rest)
		take_error(rest, error);
	else if (error && !*error)
		g_set_error(error, POOL_ERROR, POOL_ERROR_RUN,
		            "no worker could make its runs");
	finish(pool, item);
	return there;
}
