/* A connection as a picture, and the page around it. */
#include "chinese.h"

#include <math.h>

#include "wirelab/tcp_draw.h"
#include "xml_check.h"

/* ---- a connection made by hand ---------------------------------------------------------- */

#define STEPS_MAX 256u

struct world {
	struct tcp_story story;
	struct tcp_moment moment[STEPS_MAX];
	struct ladder_row row[STEPS_MAX];
	size_t n, n_rows;
	enum lang lang;
	char *text;			/* what was drawn */
	size_t len, max;
};

static int setup(void **state)
{
	struct world *w = zeroed(sizeof(*w));

	w->story = (struct tcp_story){ .stream = 3, .family = 4,
				       .addr = { { 10, 0, 0, 7 }, { 192, 0, 2, 80 } },
				       .port = { 40112, 443 }, .open = TCP_OPEN_COMPLETE,
				       .close = TCP_CLOSE_FIN4, .initiator = 0, .first_fin_by = 0,
				       .first_rst_by = TCP_NOBODY, .first_time = at(100),
				       .has_rtt = true, .rtt_ns = 2 * MSEC_NS };
	w->story.side[0].payload = 1312;
	w->story.side[1].payload = 48230;
	w->max = 1u << 20;
	w->text = zeroed(w->max);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	free(w->text);
	free(w);
	return 0;
}

/* The next segment, a millisecond after the one before it, and a row of its own. */
static struct tcp_moment *step(struct world *w, unsigned from, uint16_t flags, enum tcp_why why)
{
	struct tcp_moment *m = &w->moment[w->n];

	assert_true(w->n < STEPS_MAX);
	*m = (struct tcp_moment){ .when = w->n ? instant_after(m[-1].when, MSEC_NS) : at(100),
				  .frame = w->n + 1, .flags = flags, .from = (uint8_t)from,
				  .why = (uint8_t)why, .seq = 1, .ack = 1 };
	if (w->n) {
		memcpy(m->before, m[-1].after, sizeof(m->before));
		memcpy(m->after, m[-1].after, sizeof(m->after));
	}
	w->row[w->n_rows++] = (struct ladder_row){ .first = w->n++, .n = 1 };
	return m;
}

static void becomes(struct tcp_moment *m, unsigned side, enum tcp_state state)
{
	m->after[side] = (uint8_t)state;
}

static struct tcp_moment *data(struct world *w, unsigned from, uint32_t seq, uint32_t payload)
{
	struct tcp_moment *m = step(w, from, TCP_PSH | TCP_ACK, TCP_WHY_DATA);

	m->seq = seq;
	m->payload = payload;
	return m;
}

static void handshake(struct world *w)
{
	struct tcp_moment *m = step(w, 0, TCP_SYN, TCP_WHY_OPENS);

	m->seq = m->ack = 0;
	m->mss = 1460;
	becomes(m, 0, TCP_S_SYN_SENT);
	m = step(w, 1, TCP_SYN | TCP_ACK, TCP_WHY_ACCEPTS);
	m->seq = 0;
	m->mss = 1460;
	becomes(m, 0, TCP_S_ESTABLISHED);
	becomes(m, 1, TCP_S_SYN_RECEIVED);
	m = step(w, 0, TCP_ACK, TCP_WHY_COMPLETES);
	becomes(m, 1, TCP_S_ESTABLISHED);
}

/* n plain segments of b in one row. */
static void long_run(struct world *w, size_t n, uint32_t payload)
{
	size_t first = w->n, row = w->n_rows;

	for (size_t i = 0; i < n; i++)
		data(w, 1, 1 + (uint32_t)i * payload, payload);
	w->row[row] = (struct ladder_row){ .first = first, .n = n, .bytes = { 0, n * payload },
					   .segments = { 0, n } };
	w->n_rows = row + 1;
}

/* ---- drawing it, and looking at what comes ---------------------------------------------- */

static void keep(void *context, const char *bytes, size_t len)
{
	struct world *w = context;

	assert_true(len < w->max - w->len);
	memcpy(w->text + w->len, bytes, len);
	w->len += len;
	w->text[w->len] = '\0';
}

static void is_well_formed(const struct world *w)
{
	size_t wrong_at;
	const char *wrong = xml_wrong(w->text, w->len, &wrong_at);

	assert_int_equal(strlen(w->text), w->len);
	if (wrong)
		fail_msg("%s at byte %zu: %.60s", wrong, wrong_at, w->text + wrong_at);
}

static struct draw_connection connection(const struct world *w)
{
	return (struct draw_connection){ &w->story, w->moment, w->n, w->row, w->n_rows };
}

static const char *svg(struct world *w)
{
	struct draw_out out = { keep, w, w->lang };
	struct draw_connection c = connection(w);

	w->len = 0;
	draw_svg(&out, &c);
	is_well_formed(w);
	return w->text;
}

static const char *page_of(struct world *w, const char *file)
{
	struct draw_out out = { keep, w, w->lang };
	struct draw_connection c = connection(w);

	w->len = 0;
	draw_page_begin(&out, file, &w->story, 1);
	draw_page_connection(&out, &c);
	draw_page_end(&out);
	is_well_formed(w);
	return w->text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

#define assert_has(text, what) assert_non_null(strstr(text, what))
#define assert_hasnt(text, what) assert_null(strstr(text, what))

/* ---- the drawing ------------------------------------------------------------------------ */

static void names_stand_above_the_life_lines(void **state)
{
	const char *s = svg(*state);

	assert_has(s, ">client</text>");
	assert_has(s, ">10.0.0.7:40112</text>");
	assert_has(s, ">server</text>");
	assert_has(s, ">192.0.2.80:443</text>");
	assert_true(strstr(s, ">client</text>") < strstr(s, ">server</text>"));
}

static void who_opened_is_at_the_left(void **state)
{
	struct world *w = *state;

	w->story.initiator = 1;
	const char *s = svg(w);
	assert_true(strstr(s, ">192.0.2.80:443</text>") < strstr(s, ">10.0.0.7:40112</text>"));
	assert_true(strstr(s, ">client</text>") < strstr(s, ">server</text>"));
}

static void a_name_is_written_where_a_state_begins_and_a_band_goes_on_from_there(void **state)
{
	struct world *w = *state;

	handshake(w);
	for (size_t i = 0; i < 5; i++)
		data(w, 0, 1, 10);
	const char *s = svg(w);
	assert_int_equal(count(s, ">SYN-SENT</text>"), 1);
	assert_int_equal(count(s, ">SYN-RECEIVED</text>"), 1);
	assert_int_equal(count(s, ">ESTABLISHED</text>"), 2);
	assert_int_equal(count(s, "<rect class=\"s1\""), 1);
	assert_int_equal(count(s, "<rect class=\"s2\""), 1);
	assert_int_equal(count(s, "<rect class=\"s3\""), 2);
	/* What was not seen is a dotted line without a name. */
	assert_int_equal(count(s, "<path class=\"u\""), 2);
	assert_hasnt(s, ">?</text>");
}

static void a_state_that_lasts_long_is_named_again(void **state)
{
	struct world *w = *state;

	handshake(w);
	for (size_t i = 0; i < 40; i++)
		data(w, 0, 1, 10);
	assert_true(count(svg(w), "aria-hidden=\"true\" x=\"214\"") >= 1);
}

static void arrows_point_at_who_receives(void **state)
{
	struct world *w = *state;

	data(w, 0, 1, 5);
	assert_has(svg(w), "<path d=\"M234 17L586 29m-10-5");
	w->moment[0].from = 1;
	assert_has(svg(w), "<path d=\"M586 17L234 29m10-5");
}

static void a_segment_that_is_lost_ends_in_a_cross_on_the_way(void **state)
{
	struct world *w = *state;

	data(w, 0, 1, 5);
	size_t crosses = count(svg(w), "<path class=\"x\"");
	w->moment[0].lost = true;
	const char *s = svg(w);
	assert_int_equal(count(s, "<path class=\"x\""), crosses + 1);
	assert_hasnt(s, "L586");
	assert_has(s, "<tspan class=\"j\">! </tspan>");
}

static void what_is_sent_again_is_dashed_and_marked(void **state)
{
	struct world *w = *state;

	data(w, 0, 1, 5);
	assert_hasnt(svg(w), "class=\"j\"");
	w->moment[0].trouble = 1u << TCP_T_RETRANSMISSION;
	const char *s = svg(w);
	assert_has(s, "<g class=\"t\" transform=\"translate(0 ");
	assert_has(s, ".t path{stroke-dasharray");
	assert_int_equal(count(s, "<tspan class=\"j\">! </tspan>"), 1);
}

static void a_full_window_is_marked_but_its_segment_is_data(void **state)
{
	struct world *w = *state;

	data(w, 0, 1, 5)->trouble = 1u << TCP_T_WINDOW_FULL;
	const char *s = svg(w);
	assert_has(s, "<g class=\"d\" transform=\"translate(0 ");
	assert_has(s, "<tspan class=\"j\">! </tspan>");
}

static void an_icmp_error_comes_from_the_way(void **state)
{
	struct world *w = *state;

	step(w, 1, 0, TCP_WHY_ICMP)->mss = 1200;
	const char *s = page_of(w, "mtu.pcap");
	assert_has(s, "<path d=\"M410 ");
	assert_has(s, "<td>the way</td>");
}

static void a_long_run_is_one_dotted_arrow_that_says_how_much(void **state)
{
	struct world *w = *state;

	handshake(w);
	long_run(w, 41, 1460);
	const char *s = svg(w);
	assert_has(s, "<g class=\"d f\"");
	assert_has(s, "\xe2\x80\xa6 41 segments, 59,860 bytes \xe2\x80\xa6");
	assert_has(s, "server 41 segments, 59,860 bytes; in 40.000 ms");
	assert_has(s, ">4 <tspan x=\"46\" dy=\"15\">\xe2\x80\x93""44</tspan>");
	/* Three of the handshake, one of the run, and those of the legend. */
	assert_int_equal(count(s, "<g class=\""), 4 + 7);
}

static void a_run_of_both_sides_has_an_arrow_each(void **state)
{
	struct world *w = *state;

	long_run(w, 12, 100);
	w->row[0].segments[0] = 1;
	const char *s = svg(w);
	assert_has(s, "\xe2\x80\xa6 12 segments, 1,200 bytes \xe2\x80\xa6");
	assert_has(s, "\xe2\x80\xa6 1 segment, 0 bytes \xe2\x80\xa6");
	assert_has(s, "L586");
	assert_has(s, "L234");
}

static void times_count_from_the_first_segment(void **state)
{
	struct world *w = *state;

	data(w, 0, 1, 5);
	data(w, 0, 6, 5);
	const char *s = svg(w);
	assert_has(s, ">0.000000</text>");
	assert_has(s, ">0.001000</text>");
}

static void a_long_silence_breaks_the_life_lines(void **state)
{
	struct world *w = *state;

	data(w, 0, 1, 5);
	data(w, 0, 6, 5)->when = instant_after(at(100), ms(19));
	assert_hasnt(svg(w), "nothing for");
	w->moment[1].when = instant_after(at(100), ms(200));
	const char *s = svg(w);
	assert_has(s, ">nothing for 200.000 ms</text>");
	assert_int_equal(count(s, "<path class=\"q\""), 2);
	/* Where a round trip takes that long, it is no silence. */
	w->story.rtt_ns = ms(150);
	assert_hasnt(svg(w), "nothing for");
}

static void words_that_are_too_long_for_a_line_go_on_below(void **state)
{
	struct world *w = *state;
	struct tcp_moment *m = data(w, 0, 1, 100000);

	m->trouble = 1u << TCP_T_LOST_SEGMENT | 1u << TCP_T_WINDOW_FULL | 1u << TCP_T_REUSED_PORTS;
	m->notes = TCP_NOTE_BEYOND_MSS;
	assert_has(svg(w), " <tspan x=\"716\" dy=\"15\">");
}

static void numbers_as_large_as_they_get_are_drawn(void **state)
{
	struct world *w = *state;
	struct tcp_moment *m = data(w, 0, UINT32_MAX, UINT32_MAX);

	m->ack = m->count = m->acked = m->window = m->wire_bytes = UINT32_MAX;
	m->frame = m->cause_frame = m->waited_ns = UINT64_MAX;
	m->when.ns = UINT64_MAX;
	m->trouble = UINT32_MAX;
	m->notes = UINT8_MAX;
	m->options = UINT16_MAX;
	for (unsigned why = 0; why < TCP_WHY_COUNT; why++) {
		m->why = (uint8_t)why;
		assert_has(page_of(w, "x"), ">18446744073709551615<");
	}
	w->row[0].segments[0] = w->row[0].bytes[0] = UINT64_MAX;
	w->row[0].segments[1] = w->row[0].bytes[1] = UINT64_MAX;
	data(w, 0, 1, 1);
	w->row[0].n = 2;
	w->n_rows = 1;
	assert_int_equal(count(page_of(w, "x"), "18,446,744,073,709,551,615 bytes"), 6);
}

static void a_connection_of_which_nothing_was_kept_says_so(void **state)
{
	assert_has(svg(*state), ">none of its segments were kept</text>");
	assert_hasnt(page_of(*state, "x"), "<table class=\"rows\">");
}

static void ipv6_endpoints_have_room_beside_each_other(void **state)
{
	struct world *w = *state;

	w->story.family = 6;
	memset(w->story.addr, 0xfe, sizeof(w->story.addr));
	w->story.port[0] = 65535;
	assert_has(svg(w), "[fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe]:65535</text>");
}

static void a_program_that_reads_aloud_gets_a_title_a_description_and_the_text(void **state)
{
	const char *s = svg(*state);

	assert_has(s, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg ");
	assert_has(s, "role=\"graphics-document img\"");
	assert_has(s, "<title>TCP connection 3: 10.0.0.7:40112 and 192.0.2.80:443</title>\n<desc>");
}

/* ---- colours ---------------------------------------------------------------------------- */

static unsigned hex(char c)
{
	const char *digits = "0123456789abcdef", *d = strchr(digits, c);

	assert_non_null(d);
	return (unsigned)(d - digits);
}

/* Relative luminance (WCAG 2.1) of "#rgb" or "#rrggbb". */
static double luminance(const char *colour)
{
	static const double weight[] = { 0.2126, 0.7152, 0.0722 };
	bool brief = strspn(colour + 1, "0123456789abcdef") == 3;
	double sum = 0;

	assert_int_equal(*colour, '#');
	for (size_t i = 0; i < 3; i++) {
		const char *p = colour + 1 + (brief ? i : 2 * i);
		double v = (hex(p[0]) * 16 + hex(brief ? p[0] : p[1])) / 255.0;
		sum += weight[i] * (v <= 0.03928 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4));
	}
	return sum;
}

static double contrast(const char *a, const char *b)
{
	double x = luminance(a), y = luminance(b);

	return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

/* Every colour from here to `end` that text or lines have; the number of them. */
static size_t stands_out(const char *rules, const char *end, double text, double bands)
{
	const char *paper = strstr(rules, "background:#") + strlen("background:");
	size_t n = 0;

	for (const char *p = rules; p < end; p++) {
		bool fill = strncmp(p, "fill:#", 6) == 0, ink = strncmp(p, "{color:#", 8) == 0;
		if (!fill && !ink)
			continue;
		const char *colour = strchr(p, '#');
		double least = text;
		if (contrast(colour, paper) < 1.01)
			continue;	/* the paper itself */
		const char *rule = p;
		while (*rule != '\n' && *rule != '}')
			rule--;
		if (strncmp(rule + 1, ".s", 2) == 0)
			least = bands;
		if (contrast(colour, paper) < least)
			fail_msg("%.7s on %.7s: %.2f", colour, paper, contrast(colour, paper));
		n++;
	}
	return n;
}

static void text_and_states_stand_out_from_the_paper_in_both_themes(void **state)
{
	const char *s = strstr(svg(*state), "<style>"), *end = strstr(s, "</style>");
	const char *dark = strstr(s, "prefers-color-scheme:dark");

	assert_non_null(dark);
	/* WCAG 2.1, 1.4.3 (AA) and 1.4.11 */
	assert_true(stands_out(s, dark, 4.5, 3.0) >= 12);
	assert_true(stands_out(dark, end, 4.5, 3.0) >= 12);
}

static void paper_is_light_whatever_the_theme(void **state)
{
	assert_int_equal(count(svg(*state), "@media screen and (prefers-color-scheme:dark)"), 1);
	const char *s = page_of(*state, "x");
	assert_int_equal(count(s, "prefers-color-scheme:dark"),
			 count(s, "@media screen and (prefers-color-scheme:dark)"));
}

/* ---- the page --------------------------------------------------------------------------- */

static void drawing_and_table_have_the_rows_of_the_ladder(void **state)
{
	struct world *w = *state;

	handshake(w);
	long_run(w, 10, 1000);
	data(w, 0, 1, 20);
	const char *drawing = strstr(page_of(w, "x"), "<svg class=\"w\" role=\"img\"");
	const char *table = strstr(drawing, "<table class=\"rows\">");
	const char *frame[] = { "1", "2", "3", "4", "14" };
	for (size_t i = 0; i < LENGTH(frame); i++) {
		char in_drawing[64], in_table[64];
		snprintf(in_drawing, sizeof(in_drawing), ">%s%s", frame[i],
			 i == 3 ? " <tspan" : "</text> <text class=\"e\"");
		snprintf(in_table, sizeof(in_table), "<tr><th scope=\"row\">%s%s",
			 frame[i], i == 3 ? "\xe2\x80\x93""13</th>" : "</th>");
		assert_non_null(drawing = strstr(drawing, in_drawing));
		assert_non_null(table = strstr(table, in_table));
	}
	assert_int_equal(count(w->text, "<tr><th scope=\"row\">"), 5 + 1);
}

static void a_row_of_the_table_has_numbers_and_both_states(void **state)
{
	struct world *w = *state;

	handshake(w);
	const char *s = page_of(w, "x");
	assert_has(s, "<td class=\"o\">SYN</td><td>0</td><td>-</td><td>0</td><td>SYN-SENT</td>"
		      "<td>?</td>");
	assert_has(s, "<td>ESTABLISHED</td><td>SYN-RECEIVED</td>");
}

static void the_list_leads_to_each_connection(void **state)
{
	struct world *w = *state;

	w->story.side[1].trouble[TCP_T_ZERO_WINDOW] = 2;
	const char *s = page_of(w, "x.pcap");
	assert_has(s, "<a href=\"#c3\">3</a>");
	assert_has(s, "<h2 id=\"c3\">");
	assert_has(s, "<td>1,312</td><td>48,230</td>");
	assert_has(s, "2 zero window");
	assert_has(s, "<h1>TCP connections in <code>x.pcap</code></h1>");
}

static void a_page_without_connections_says_so(void **state)
{
	struct world *w = *state;
	struct draw_out out = { keep, w, w->lang };

	draw_page_begin(&out, "arp.pcap", NULL, 0);
	draw_page_end(&out);
	is_well_formed(w);
	assert_has(w->text, "<p>There are none.</p>");
}

static void a_hostile_file_name_is_text_and_nothing_else(void **state)
{
	static const char name[] = "\"><script>alert('1')</script>&amp;\x1b[31m\r\n\t\xff\xc3("
				   "\xe2\x80\xae" "\x7f\xef\xbf\xbe.pcap";
	const char *s = page_of(*state, name);

	assert_hasnt(s, "<script");
	assert_hasnt(s, "\x1b");
	assert_hasnt(s, "\xff");
	assert_hasnt(s, "\xe2\x80\xae");
	assert_int_equal(count(s, "&lt;script&gt;alert("), 2);
	assert_int_equal(count(s, "&amp;amp;"), 2);
}

static void a_file_name_of_any_length_is_whole(void **state)
{
	static char name[20000];

	/* Two bytes each, so that every cut in pieces of a power of two would show. */
	for (size_t i = 0; i + 2 < sizeof(name); i += 2)
		memcpy(name + i + 1, "\xc3\xa9", 2);
	name[0] = 'x';
	assert_int_equal(count(page_of(*state, name), "\xc3\xa9"), 2 * ((sizeof(name) - 2) / 2));
}

static void nothing_is_loaded_and_nothing_runs(void **state)
{
	struct world *w = *state;

	handshake(w);
	const char *s = page_of(w, "x");
	assert_has(s, "content=\"default-src 'none'; style-src 'unsafe-inline'\"");
	assert_hasnt(s, "<script");
	assert_hasnt(s, "<img");
	assert_hasnt(s, "<link");
	assert_hasnt(s, "url(");
	assert_hasnt(s, "@import");
	assert_hasnt(s, "http:");
	/* The only address in a drawing by itself is the name of its kind. */
	s = svg(w);
	assert_int_equal(count(s, "http"), 1);
	assert_has(s, "xmlns=\"http://www.w3.org/2000/svg\"");
}

static void a_sentence_shows_where_an_arrow_is_pointed_at_unless_there_are_too_many(void **state)
{
	struct world *w = *state;

	handshake(w);
	assert_int_equal(count(page_of(w, "x"), "\"><title>Client "), 2);
	while (w->n < 200)
		data(w, 0, 1, 10);
	assert_int_equal(count(page_of(w, "x"), "\"><title>Client "), 0);
	assert_int_equal(count(svg(w), "\"><title>Client "), 199);
}

/* ---- in Chinese ------------------------------------------------------------------------- */

/* What stands between tags: of all else, browsers show nothing. */
static void shown_text(const char *s, char *out, size_t max)
{
	size_t n = 0;

	while (*s) {
		if (strncmp(s, "<style", 6) == 0)
			s = strstr(s, "</style>");
		if (*s == '<') {
			s = strchr(s, '>') + 1;
			out[n++] = '\n';
			continue;
		}
		assert_true(n + 2 < max);
		out[n++] = *s++;
	}
	out[n] = '\0';
}

static void no_english_is_left_on_a_chinese_page(void **state)
{
	struct world *w = *state;
	char *shown = zeroed(w->max);

	w->lang = LANG_ZH;
	handshake(w);
	for (unsigned why = 0; why < TCP_WHY_COUNT; why++) {
		struct tcp_moment *m = step(w, why % 2, TCP_ACK, (enum tcp_why)why);
		m->payload = why % 3 ? 9 : 0;
		m->cause_frame = why % 5;
		m->lost = why % 7 == 0;
		m->trouble = 1u << why % TCP_T_COUNT;
		w->story.side[0].trouble[why % TCP_T_COUNT] = why;
	}
	long_run(w, 12, 1000);
	for (unsigned open = 0; open <= TCP_OPEN_ODD; open++)
		for (unsigned close = 0; close <= TCP_CLOSE_NONE; close++) {
			w->story.open = (enum tcp_open)open;
			w->story.close = (enum tcp_close)close;
			shown_text(page_of(w, "x.pcap"), shown, w->max);
			/* Flags, fields and states are the same in every language. */
			for (char *word = strtok(shown, "\n"); word; word = strtok(NULL, "\n"))
				if (english_words(word) >= 2)
					fail_msg("English is left: %s", word);
		}
	free(shown);
}

static void a_chinese_page_says_that_it_is_chinese(void **state)
{
	struct world *w = *state;

	w->lang = LANG_ZH;
	handshake(w);
	w->story.side[1].trouble[TCP_T_ZERO_WINDOW] = 2;
	const char *s = page_of(w, "x.pcap");
	assert_has(s, "<html lang=\"zh-CN\">");
	assert_has(s, "<h1>TCP 连接：<code>x.pcap</code></h1>");
	assert_has(s, ">零窗口 2 次<");
	assert_has(s, "<th scope=\"col\">客户端状态</th>");
	assert_has(s, ">请求连接</text>");
	assert_has(s, "<td>客户端请求与服务器建立连接：");
	assert_has(svg(w), " xml:lang=\"zh-CN\" ");
	assert_has(w->text, "<title>TCP 连接 3：10.0.0.7:40112 与 192.0.2.80:443</title>");
}

/* A line of a drawing breaks where one of a terminal does. */
static void a_long_chinese_remark_is_broken_between_characters(void **state)
{
	struct world *w = *state;
	struct tcp_moment *m = data(w, 0, 1, 1448);

	w->lang = LANG_ZH;
	m->trouble = (1u << TCP_T_COUNT) - 1;
	m->notes = TCP_NOTE_BEYOND_MSS;
	const char *s = svg(w);
	assert_has(s, "1,448 字节；之前的字节缺失；所确认的没有抓到；没 <tspan x=\"716\" dy=\"15\">"
		      "有空间了；填满窗口；端口重用；大于 MSS</tspan>");
}

/* ---- size ------------------------------------------------------------------------------- */

/* 200 segments, late in a large capture and with large numbers; of every kind in turn, or
 * (why < TCP_WHY_COUNT) of that kind. */
static void two_hundred(struct world *w, enum tcp_why only)
{
	w->n = w->n_rows = 0;
	handshake(w);
	for (unsigned i = 0; w->n < 200; i++) {
		enum tcp_why why = only < TCP_WHY_COUNT ? only : (enum tcp_why)(i % TCP_WHY_COUNT);
		struct tcp_moment *m = step(w, i % 2, why == TCP_WHY_ICMP ? 0 : TCP_PSH | TCP_ACK, why);
		m->when = instant_after(at(100), (uint64_t)i * 3600 * SEC_NS / 200);
		m->frame = 1000000 + i;
		m->cause_frame = m->frame - 17;
		m->waited_ns = ms(216) + 27000;
		m->seq = 3000000000u + i * 1460;
		m->ack = 2000000000u + i * 1460;
		m->payload = m->acked = 1460;
		m->window = 65535;
		m->count = 3;
		if (i % 3 == 0)
			m->trouble = 1u << TCP_T_RETRANSMISSION;
		if (i % 7 == 0)
			m->notes = TCP_NOTE_STALL;
		m->lost = only == TCP_WHY_COUNT && i % 5 == 0;
	}
}

/* Also if all of them were of the kind of which most is to be said. */
static void two_hundred_segments_take_at_most_200_kilobytes(void **state)
{
	struct world *w = *state;

	for (unsigned why = 0; why <= TCP_WHY_COUNT; why++) {
		two_hundred(w, (enum tcp_why)why);
		svg(w);
		assert_in_range(w->len, 50000, 200000);
		page_of(w, "x.pcap");
		assert_in_range(w->len, 50000, 200000);
	}
}

/* A character takes three bytes where a word of three takes twelve, but not everywhere. */
static void in_chinese_they_take_at_most_250_kilobytes(void **state)
{
	struct world *w = *state;

	w->lang = LANG_ZH;
	for (unsigned why = 0; why <= TCP_WHY_COUNT; why++) {
		two_hundred(w, (enum tcp_why)why);
		page_of(w, "x.pcap");
		assert_in_range(w->len, 50000, 250000);
	}
}

/* ---- who watches ------------------------------------------------------------------------ */

static void the_check_of_the_form_finds_what_is_wrong(void **state)
{
	static const char *const wrong[] = {
		"", "a", "<a>", "<a></b>", "<a/><b/>", "<a b/>", "<a b=\"1\" b=\"2\"/>", "<a b='1'/>",
		"<a b=\"<\"/>", "<a>&</a>", "<a>&nbsp;</a>", "<a>\x1b</a>", "<a>\xff</a>", "<a><!-- --></a>",
		"</a>", "<a></a></a>", "<a b=\"1></a>", "<a", "<1/>",
	};
	static const char right[] = "<?xml version=\"1.0\"?>\n<!DOCTYPE html>\n<a b=\"&amp;\" c-d=\"2\">x "
				    "&lt; y<e/><f g=\"1\"/></a>\n";
	size_t wrong_at;

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++)
		if (!xml_wrong(wrong[i], strlen(wrong[i]), &wrong_at))
			fail_msg("found nothing wrong with %s", wrong[i]);
	assert_null(xml_wrong(right, strlen(right), &wrong_at));
}

#define each(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		each(names_stand_above_the_life_lines),
		each(who_opened_is_at_the_left),
		each(a_name_is_written_where_a_state_begins_and_a_band_goes_on_from_there),
		each(a_state_that_lasts_long_is_named_again),
		each(arrows_point_at_who_receives),
		each(a_segment_that_is_lost_ends_in_a_cross_on_the_way),
		each(what_is_sent_again_is_dashed_and_marked),
		each(a_full_window_is_marked_but_its_segment_is_data),
		each(an_icmp_error_comes_from_the_way),
		each(a_long_run_is_one_dotted_arrow_that_says_how_much),
		each(a_run_of_both_sides_has_an_arrow_each),
		each(times_count_from_the_first_segment),
		each(a_long_silence_breaks_the_life_lines),
		each(words_that_are_too_long_for_a_line_go_on_below),
		each(numbers_as_large_as_they_get_are_drawn),
		each(a_connection_of_which_nothing_was_kept_says_so),
		each(ipv6_endpoints_have_room_beside_each_other),
		each(a_program_that_reads_aloud_gets_a_title_a_description_and_the_text),
		each(text_and_states_stand_out_from_the_paper_in_both_themes),
		each(paper_is_light_whatever_the_theme),
		each(drawing_and_table_have_the_rows_of_the_ladder),
		each(a_row_of_the_table_has_numbers_and_both_states),
		each(the_list_leads_to_each_connection),
		each(a_page_without_connections_says_so),
		each(a_hostile_file_name_is_text_and_nothing_else),
		each(a_file_name_of_any_length_is_whole),
		each(nothing_is_loaded_and_nothing_runs),
		each(a_sentence_shows_where_an_arrow_is_pointed_at_unless_there_are_too_many),
		each(no_english_is_left_on_a_chinese_page),
		each(a_chinese_page_says_that_it_is_chinese),
		each(a_long_chinese_remark_is_broken_between_characters),
		each(two_hundred_segments_take_at_most_200_kilobytes),
		each(in_chinese_they_take_at_most_250_kilobytes),
		each(the_check_of_the_form_finds_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
