#include "file_world.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wirelab/bytes.h"

/* ---- the place ---------------------------------------------------------------------------- */

static void open_door(struct world *w)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(w->listener >= 0);
	assert_int_equal(bind(w->listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(w->listener, 8), 0);
	assert_int_equal(getsockname(w->listener, (struct sockaddr *)&a, &len), 0);
	snprintf(w->port, sizeof(w->port), "%u", ntohs(a.sin_port));
}

int folder_begin(void **state)
{
	struct world *w = zeroed(sizeof(*w));
	const char *tmp = getenv("TMPDIR");

	*state = w;
	snprintf(w->root, sizeof(w->root), "%.40s/file-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->root));
	snprintf(w->in, sizeof(w->in), "%s/in", w->root);
	snprintf(w->outside, sizeof(w->outside), "%s/outside", w->root);
	assert_int_equal(mkdir(w->in, 0777), 0);
	assert_int_equal(mkdir(w->outside, 0777), 0);
	w->guest = -1;
	open_door(w);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

int folder_end(void **state)
{
	struct world *w = *state;

	server_hangs_up(w);
	close(w->listener);
	nftw(w->root, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	free(w);
	return 0;
}

uint8_t *noise(size_t len)
{
	struct chance chance = { 9 };
	uint8_t *bytes = zeroed(len + 8);

	for (size_t at = 0; at < len; at += 8) {
		uint64_t eight = chance_next(&chance);
		memcpy(bytes + at, &eight, sizeof(eight));
	}
	return bytes;
}

/* ---- what is there -------------------------------------------------------------------------- */

struct list {
	char **line;
	size_t n, cap;
};

static struct list listing;		/* nftw() hands nothing on */

static void add_line(struct list *l, char *line)
{
	assert_non_null(line);
	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 64;
		l->line = realloc(l->line, l->cap * sizeof(*l->line));
		assert_non_null(l->line);
	}
	l->line[l->n++] = line;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines, sorted; forgets the list. */
static char *joined(struct list *l)
{
	size_t len = 0;

	for (size_t i = 0; i < l->n; i++)
		len += strlen(l->line[i]) + 1;
	char *all = zeroed(len + 1), *at = all;
	if (l->n)
		qsort(l->line, l->n, sizeof(*l->line), compare);
	for (size_t i = 0; i < l->n; i++) {
		at += sprintf(at, "%s\n", l->line[i]);
		free(l->line[i]);
	}
	free(l->line);
	*l = (struct list){ .n = 0 };
	return all;
}

/* FNV-1a: to tell a file from another one. */
static uint64_t content(const char *path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint8_t buf[4096];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			hash = (hash ^ buf[i]) * UINT64_C(0x100000001b3);
	if (fd >= 0)
		close(fd);
	return hash;
}

static int list_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char target[PATH_ROOM] = "", *line;
	uint64_t hash = 0;

	(void)type;
	(void)ftw;
	if (S_ISREG(st->st_mode))
		hash = content(path);
	if (S_ISLNK(st->st_mode) && readlink(path, target, sizeof(target) - 1) < 0)
		return -1;
	if (asprintf(&line, "%s %o %llu %llx %s", path, (unsigned)st->st_mode,
		     S_ISDIR(st->st_mode) ? 0ULL : (unsigned long long)st->st_size,
		     (unsigned long long)hash, target) < 0)
		return -1;
	add_line(&listing, line);
	return 0;
}

char *everything(const struct world *w)
{
	assert_int_equal(nftw(w->root, list_one, 16, FTW_PHYS), 0);
	return joined(&listing);
}

char *names_in(const char *folder)
{
	struct list l = { .n = 0 };
	DIR *d = opendir(folder);

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			add_line(&l, strdup(e->d_name));
	closedir(d);
	return joined(&l);
}

void write_file(const char *folder, const char *name, const void *bytes, size_t len)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

bool file_has(const char *folder, const char *name, const void *bytes, size_t len)
{
	char path[PATH_ROOM];
	struct stat st;
	bool same = false;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size != (off_t)len)
		return false;
	FILE *f = fopen(path, "rb");
	if (!f)
		return false;
	char *is = zeroed(len + 1);
	same = fread(is, 1, len, f) == len && memcmp(is, bytes, len) == 0;
	free(is);
	fclose(f);
	return same;
}

/* ---- the server ---------------------------------------------------------------------------- */

void client_start(struct world *w, struct program *p, const char *more)
{
	const char *argv[] = { "file_client", "--folder", w->in, "127.0.0.1", w->port, more, NULL };

	program_start(p, argv);
	with_patience(w->listener);
	w->guest = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC);
	if (w->guest < 0) {
		program_end(p);
		fail_msg("file_client does not call: %s", p->err.text);
	}
}

bool server_sends(struct world *w, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(w->guest, at, len, MSG_NOSIGNAL);
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool server_says(struct world *w, const char *json, const void *bytes, size_t len)
{
	uint8_t prefix[4];
	struct wr wr = wr_over(prefix, sizeof(prefix));

	wr_be32(&wr, (uint32_t)strlen(json));
	return server_sends(w, prefix, sizeof(prefix)) && server_sends(w, json, strlen(json)) &&
	       server_sends(w, bytes, len);
}

void server_hangs_up(struct world *w)
{
	if (w->guest >= 0)
		close(w->guest);
	w->guest = -1;
}

void expect_complaint_at(struct program *p, int status, const char *part, const char *file,
			 int line)
{
	int is = program_end(p);
	const char *end = strchr(p->err.text, '\n');

	if (is != status || !strstr(p->err.text, part) || !end || end[1] || p->out.len > 0) {
		print_error("%s:%d: status %d, not %d; standard error: %s; standard output: %s\n",
			    file, line, is, status, p->err.text, p->out.text);
		program_stop(p);
		_fail(file, line);
	}
	program_stop(p);
}
