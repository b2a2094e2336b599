/*
 * file_world.h - a folder for file_client, strangers' things around it, and a server that the
 * test plays itself
 *
 *	struct world *w = *state;
 *	struct program p;
 *	client_start(w, &p, NULL);			file_client --folder w->in has called
 *	server_says(w, "{\"filename\": ...}", data, 4);	header, bytes
 *	server_hangs_up(w);
 *	assert_int_equal(program_end(&p), EXIT_DONE);
 */
#ifndef SUPPORT_FILE_WORLD_H
#define SUPPORT_FILE_WORLD_H

#include "demo_world.h"

#define PATH_ROOM 512u

struct world {
	char root[64];			/* a folder of the test's own, and in it: */
	char in[80];			/* the inbox */
	char outside[80];		/* what is none of the inbox's business */
	int listener;
	char port[8];
	int guest;			/* the connection, or -1 */
};

#define IN_A_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_begin, folder_end)

int folder_begin(void **state);
int folder_end(void **state);

/* file_client on that inbox, with one more argument or NULL; returns when it has connected. */
void client_start(struct world *w, struct program *p, const char *more);

/* The header as a message in network order, then the bytes.  Bytes that the client no longer
 * wants are not an error.  False: it has hung up. */
bool server_says(struct world *w, const char *json, const void *bytes, size_t len);
bool server_sends(struct world *w, const void *bytes, size_t len);
void server_hangs_up(struct world *w);

/* Everything below the root, what is in it included, as text, for comparison; freed by the
 * caller. */
char *everything(const struct world *w);

/* What the inbox holds: names, each with a newline, sorted; freed by the caller. */
char *names_in(const char *folder);

/* len bytes, the same every time, no two places alike; freed by the caller. */
uint8_t *noise(size_t len);

void write_file(const char *folder, const char *name, const void *bytes, size_t len);
bool file_has(const char *folder, const char *name, const void *bytes, size_t len);

/* The program ends with that status, one line on standard error with that part, and no word on
 * standard output; its output is forgotten. */
void expect_complaint_at(struct program *p, int status, const char *part, const char *file,
			 int line);
#define expect_complaint(p, status, part) \
	expect_complaint_at((p), (status), (part), __FILE__, __LINE__)

#endif
