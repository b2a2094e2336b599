/* How far a transfer has come, in one line of a terminal. */
#include "told.h"

#include "wirelab/progress.h"
#include "wirelab/width.h"

static const char *line(const char *name, uint64_t done, uint64_t total, double seconds,
			size_t columns)
{
	static char buf[4096];
	struct txt t = txt_over(buf, sizeof(buf));

	progress_line(&t, &(struct progress){ .name = name, .done = done, .total = total,
					      .ns = at(seconds).ns }, columns);
	assert_false(t.cut);
	return buf;
}

static void half_a_film_at_eighty_columns(void **state)
{
	(void)state;
	assert_string_equal(
		line("film.mp4", 512000000, 1024000000, 0.5, 79),
		"film.mp4         50% [=============>             ]  512.0MB    1.0GB/s     0:00");
}

static void nothing_has_come_yet(void **state)
{
	(void)state;
	assert_string_equal(
		line("film.mp4", 0, 1024000000, 3, 79),
		"film.mp4          0% [>                          ]       0B          -        -");
}

static void all_of_it_has_come(void **state)
{
	(void)state;
	assert_string_equal(
		line("film.mp4", 1024000000, 1024000000, 100, 79),
		"film.mp4        100% [===========================]    1.0GB   10.2MB/s     0:00");
}

static void a_hundred_per_cent_is_said_only_of_the_whole(void **state)
{
	const uint64_t total = UINT64_C(1) << 62;

	(void)state;
	assert_non_null(strstr(line("a", total - 1, total, 1e6, 79), " 99% "));
	assert_non_null(strstr(line("a", total, total, 1e6, 79), "100% "));
}

static void an_empty_file_is_there_at_once(void **state)
{
	(void)state;
	assert_non_null(strstr(line("empty", 0, 0, 0, 79), "100% [====="));
}

static void the_time_left_is_in_minutes_or_hours_or_not_known(void **state)
{
	(void)state;
	assert_non_null(strstr(line("a", 100, 1000, 10, 79), " 1:30"));
	assert_non_null(strstr(line("a", 100, 100000, 10, 79), " 2:46:30"));
	assert_non_null(strstr(line("a", 1, 1000000000, 10, 79), " -"));
}

static void a_chinese_name_takes_two_columns_a_character(void **state)
{
	(void)state;
	assert_string_equal(
		line("电影.mp4", 512000000, 1024000000, 0.5, 79),
		"电影.mp4         50% [=============>             ]  512.0MB    1.0GB/s     0:00");
	assert_string_equal(
		line("电影电影电影电影电影.mp4", 1, 2, 1, 79),
		"电影电影电影...  50% [=============>             ]       1B       1B/s     0:01");
}

static void a_name_cannot_play_with_the_terminal(void **state)
{
	(void)state;
	assert_non_null(strstr(line("\033[2Jx", 1, 2, 1, 79), "\\x1b[2Jx "));
}

static void a_narrow_terminal_is_shown_less_and_no_line_is_ever_wider(void **state)
{
	static const char *const names[] = { "", "a", "a long name of a file.tar.gz", "电影电影电影" };
	static const uint64_t numbers[] = { 0, 1, 999, 99999, 100000, 1u << 30, UINT64_MAX / 2,
					    UINT64_MAX };
	enum { N = LENGTH(numbers), MOST = PROGRESS_COLUMNS_MAX };

	(void)state;
	assert_string_equal(line("film.mp4", 1, 2, 1, 20), "film.mp4         50%");
	assert_string_equal(line("film.mp4", 1, 2, 1, 30), "film.mp4          50%       1B");
	for (size_t columns = 0; columns <= MOST + 88; columns++)
		for (size_t i = 0; i < N * N; i++) {
			const char *is = line(names[i % LENGTH(names)], numbers[i % N], numbers[i / N],
					      (double)(columns % 5) * 1e4, columns);
			assert_int_equal(txt_width(is, strlen(is)), columns < MOST ? columns : MOST);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(half_a_film_at_eighty_columns),
		cmocka_unit_test(nothing_has_come_yet),
		cmocka_unit_test(all_of_it_has_come),
		cmocka_unit_test(a_hundred_per_cent_is_said_only_of_the_whole),
		cmocka_unit_test(an_empty_file_is_there_at_once),
		cmocka_unit_test(the_time_left_is_in_minutes_or_hours_or_not_known),
		cmocka_unit_test(a_chinese_name_takes_two_columns_a_character),
		cmocka_unit_test(a_name_cannot_play_with_the_terminal),
		cmocka_unit_test(a_narrow_terminal_is_shown_less_and_no_line_is_ever_wider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
