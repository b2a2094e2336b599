/*
 * What is remembered of a learner: $XDG_STATE_HOME/wirelab/NN-name.SEED, a line a fact.
 *
 *	answer segments 10
 *	hint - 1
 *	passed - 1
 *
 * Lines are only ever added, each by one write(2), so that two runs at once lose nothing; the
 * first answer to a question is the one that counts, so none can be changed afterwards.
 */
#include "wirelab.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* "" when there is no place. */
static void state_dir(char *buf, size_t size)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n = state && *state == '/' ? snprintf(buf, size, "%s/wirelab", state) :
		home && *home == '/' ? snprintf(buf, size, "%s/.local/state/wirelab", home) : -1;

	if (n < 0 || (size_t)n >= size)
		*buf = '\0';
}

/* Every directory on the way, as mkdir -p. */
static bool make_dirs(const char *path)
{
	char part[4096];

	for (const char *p = path + 1;; p++) {
		if (*p && *p != '/')
			continue;
		(void)snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (mkdir(part, 0700) < 0 && errno != EEXIST)
			return false;
		if (!*p)
			return true;
	}
}

void memory_open(struct memory *m, const struct lesson *l)
{
	char dir[4000], name[LAB_NAME_MAX];

	*m = (struct memory){ .error = ENOENT };
	state_dir(dir, sizeof(dir));
	if (!*dir)
		return;
	if (!make_dirs(dir)) {
		m->error = errno;
		return;
	}
	int n = snprintf(m->path, sizeof(m->path), "%s/%s.%s", dir, lab_name(l->lab, name),
			 l->plan.seed);
	if (n < 0 || (size_t)n >= sizeof(m->path))
		*m->path = '\0';
}

/* Calls each fact until one says that it has seen enough. */
static void each_fact(const char *path,
		      bool (*fact)(void *arg, const char *kind, const char *id, int64_t value),
		      void *arg)
{
	char line[256], kind[32], id[64];
	int64_t value;
	FILE *f = *path ? fopen(path, "re") : NULL;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31s %63s %" SCNd64, kind, id, &value) == 3 &&
		    fact(arg, kind, id, value))
			break;
	if (f)
		(void)fclose(f);
}

struct search { const char *kind, *id; int64_t value; unsigned n; };

static bool matches(void *arg, const char *kind, const char *id, int64_t value)
{
	struct search *s = arg;

	if (strcmp(kind, s->kind) != 0 || (s->id && strcmp(id, s->id) != 0))
		return false;
	if (s->n++ == 0)
		s->value = value;
	return false;
}

bool memory_answer(const struct memory *m, const char *id, int64_t *answer)
{
	struct search s = { .kind = "answer", .id = id };

	each_fact(m->path, matches, &s);
	if (s.n > 0)
		*answer = s.value;
	return s.n > 0;
}

static unsigned count(const char *path, const char *kind)
{
	struct search s = { .kind = kind };

	each_fact(path, matches, &s);
	return s.n;
}

bool memory_passed(const struct memory *m)
{
	return count(m->path, "passed") > 0;
}

unsigned memory_hints(const struct memory *m)
{
	return count(m->path, "hint");
}

bool memory_passed_any(const struct lab *lab)
{
	char dir[4000], path[4096 + 256], name[LAB_NAME_MAX];
	bool passed = false;

	(void)lab_name(lab, name);
	state_dir(dir, sizeof(dir));
	DIR *d = *dir ? opendir(dir) : NULL;
	for (struct dirent *e; d && !passed && (e = readdir(d));) {
		size_t len = strlen(name);
		if (strncmp(e->d_name, name, len) != 0 || e->d_name[len] != '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		passed = count(path, "passed") > 0;
	}
	if (d)
		(void)closedir(d);
	return passed;
}

/* Said once: a learner who cannot be remembered need not hear it for every answer. */
static void cannot_remember(const struct memory *m, int error)
{
	static bool said;

	if (!said && !*m->path && m->error == ENOENT)
		complain("nothing is remembered of this: HOME is not set");
	else if (!said)
		complain("nothing is remembered of this: %s%s%s", m->path, *m->path ? ": " : "",
			 strerror(error));
	said = true;
}

void memory_store(const struct memory *m, const char *kind, const char *id, int64_t value)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "%s %s %" PRId64 "\n", kind, id, value);
	int fd = *m->path ? open(m->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0 || write(fd, line, (size_t)len) != len)
		cannot_remember(m, *m->path ? errno : m->error);
	if (fd >= 0)
		(void)close(fd);
}
