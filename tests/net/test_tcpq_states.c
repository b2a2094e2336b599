/*
 * The states that tcpq tells from a capture are those that the kernels were in.
 *
 * Two real kernels talk over a cable that passes, holds or loses what each of them sends;
 * each story stops where something can be seen, and asks both kernels and both ends'
 * captures (tcp_world.h).  Where nothing is held or lost, all four agree about both ends.
 * Where something is, a capture still tells its own host's state; of the other one it says
 * what would be if all that was seen had arrived, and the story says so beside it.
 *
 * All of them over IPv4, and over IPv6, too, but for those that wait a second for a lost SYN.
 * Needs namespaces (root, or user namespaces for everybody); skipped aloud without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tcp_world.h"

/* ---- opening ------------------------------------------------------------------------- */

static void an_idle_connection_is_established(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	listens(w, false);
	connects(w, CLIENT);
	/* The server's program has not accepted it yet: TCP does not wait for that. */
	agree(w, "ESTABLISHED", "ESTABLISHED");
	accepts(w);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

static void data_each_way_changes_no_state(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	sends(w, CLIENT, "a question");
	reads(w, SERVER, "a question");
	sends(w, SERVER, "an answer");
	reads(w, CLIENT, "an answer");
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

static void a_syn_that_is_lost_leaves_the_client_in_syn_sent(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	listens(w, false);
	loses(w, CLIENT);
	connects(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "SYN-SENT", "CLOSED" },
		/* Whether anybody listens there cannot be seen. */
		.at_client = { "SYN-SENT", "?" },
		.at_server = NOT_SEEN });
	/* Sent again after a second. */
	passes(w, CLIENT);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

static void a_client_that_gives_up_in_silence_is_not_noticed(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	loses(w, CLIENT);
	connects(w, CLIENT);
	closes(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "CLOSED", "CLOSED" },
		/* A kernel that forgets a SYN says nothing, so nothing can be seen. */
		.at_client = { "SYN-SENT", "?" },
		.at_server = NOT_SEEN });
}

static void a_lost_syn_ack_leaves_syn_sent_and_syn_received(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	listens(w, false);
	loses(w, SERVER);
	connects(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "SYN-SENT", "SYN-RECEIVED" },
		.at_client = { "SYN-SENT", "?" },
		/* Had it arrived, the client would be further. */
		.at_server = { "ESTABLISHED", "SYN-RECEIVED" } });
}

static void a_withheld_third_ack_leaves_the_server_in_syn_received(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	listens(w, false);
	holds(w, CLIENT);
	connects(w, CLIENT);
	hands_over(w, CLIENT, TCP_SYN);
	finds(w, &(struct views){
		.kernels = { "ESTABLISHED", "SYN-RECEIVED" },
		.at_client = { "ESTABLISHED", "ESTABLISHED" },
		.at_server = { "ESTABLISHED", "SYN-RECEIVED" } });
	passes(w, CLIENT);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

static void a_server_that_defers_accepting_stays_in_syn_received_unseen(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	listens(w, true);
	connects(w, CLIENT);
	finds(w, &(struct views){
		/* Linux throws the bare ACK away and waits for data (TCP_DEFER_ACCEPT), which
		 * no RFC knows: by RFC 9293 3.10.7.4 the ACK has established it. */
		.kernels = { "ESTABLISHED", "SYN-RECEIVED" },
		.at_client = { "ESTABLISHED", "ESTABLISHED" },
		.at_server = { "ESTABLISHED", "ESTABLISHED" } });
	sends(w, CLIENT, "data");
	accepts(w);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

static void a_refused_connection_is_closed_at_both_ends(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connects(w, CLIENT);
	agree(w, "CLOSED", "CLOSED");
	assert_true(has_sent(w, SERVER, TCP_RST | TCP_ACK, 0));
}

static void two_that_open_at_once_meet_in_syn_received(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	holds(w, CLIENT);
	holds(w, SERVER);
	connects(w, CLIENT);
	connects(w, SERVER);
	finds(w, &(struct views){
		.kernels = { "SYN-SENT", "SYN-SENT" },
		.at_client = { "SYN-SENT", "?" },
		.at_server = { "?", "SYN-SENT" } });
	hands_over(w, CLIENT, TCP_SYN);
	hands_over(w, SERVER, TCP_SYN);
	finds(w, &(struct views){
		.kernels = { "SYN-RECEIVED", "SYN-RECEIVED" },
		/* Each has sent a SYN+ACK, which would have established the other. */
		.at_client = { "SYN-RECEIVED", "ESTABLISHED" },
		.at_server = { "ESTABLISHED", "SYN-RECEIVED" } });
	passes(w, CLIENT);
	passes(w, SERVER);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

static void of_two_syns_that_cross_one_may_come_late(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	holds(w, CLIENT);
	holds(w, SERVER);
	connects(w, CLIENT);
	connects(w, SERVER);
	hands_over(w, CLIENT, TCP_SYN);
	finds(w, &(struct views){
		.kernels = { "SYN-SENT", "SYN-RECEIVED" },
		.at_client = { "SYN-SENT", "?" },
		.at_server = { "ESTABLISHED", "SYN-RECEIVED" } });
	passes(w, CLIENT);
	passes(w, SERVER);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

static void a_reset_ends_a_connection_that_was_only_requested(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	listens(w, false);
	holds(w, CLIENT);
	connects(w, CLIENT);
	hands_over(w, CLIENT, TCP_SYN);
	drops(w, CLIENT, TCP_ACK);
	aborts(w, CLIENT);
	passes(w, CLIENT);
	agree(w, "CLOSED", "CLOSED");
}

static void a_fin_may_be_what_completes_the_handshake(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	listens(w, false);
	holds(w, CLIENT);
	connects(w, CLIENT);
	hands_over(w, CLIENT, TCP_SYN);
	drops(w, CLIENT, TCP_ACK);
	finishes(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "FIN-WAIT-1", "SYN-RECEIVED" },
		.at_client = { "FIN-WAIT-1", "CLOSE-WAIT" },
		.at_server = { "ESTABLISHED", "SYN-RECEIVED" } });
	passes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
}

static void a_syn_may_bring_data_and_be_answered_before_the_ack(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	listens(w, false);
	holds(w, CLIENT);
	connects_with(w, CLIENT, "a question");
	hands_over(w, CLIENT, TCP_SYN);
	assert_true(has_sent(w, CLIENT, TCP_SYN, 10));
	accepts(w);
	reads(w, SERVER, "a question");
	sends(w, SERVER, "an answer");
	finds(w, &(struct views){
		.kernels = { "ESTABLISHED", "SYN-RECEIVED" },
		.at_client = { "ESTABLISHED", "ESTABLISHED" },
		.at_server = { "ESTABLISHED", "SYN-RECEIVED" } });
	passes(w, CLIENT);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

static void a_client_that_lost_its_memory_is_told_and_asks_again(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	loses(w, CLIENT);
	aborts(w, CLIENT);
	passes(w, CLIENT);
	/* RFC 9293 3.5.1: the server still has the old connection, and answers the SYN with
	 * an ACK for that. */
	holds(w, SERVER);
	connects(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "SYN-SENT", "ESTABLISHED" },
		.at_client = { "SYN-SENT", "?" },
		/* A new connection begins at the server's side, too, but its ACK tells that
		 * it knows of no end of the old one. */
		.at_server = { "SYN-SENT", "ESTABLISHED" } });
	/* The client's reset ends that one, not its own new one. */
	holds(w, CLIENT);
	hands_over(w, SERVER, TCP_ACK);
	hands_over(w, CLIENT, TCP_RST);
	agree(w, "SYN-SENT", "CLOSED");
	passes(w, SERVER);
	passes(w, CLIENT);
	agree(w, "ESTABLISHED", "ESTABLISHED");
	accepts(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	finishes(w, SERVER);
	agree(w, "TIME-WAIT", "CLOSED");
}

static void who_was_refused_unheard_asks_again(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	holds(w, SERVER);
	connects(w, CLIENT);
	drops(w, SERVER, TCP_RST);
	finds(w, &(struct views){
		.kernels = { "SYN-SENT", "CLOSED" },
		.at_client = { "SYN-SENT", "?" },
		.at_server = { "CLOSED", "CLOSED" } });
	listens(w, false);
	/* The SYN comes again after a second. */
	finds(w, &(struct views){
		.kernels = { "SYN-SENT", "SYN-RECEIVED" },
		.at_client = { "SYN-SENT", "?" },
		.at_server = { "ESTABLISHED", "SYN-RECEIVED" } });
	passes(w, SERVER);
	agree(w, "ESTABLISHED", "ESTABLISHED");
}

/* ---- one end finishes ------------------------------------------------------------------- */

static void the_end_that_finishes_waits_for_the_other(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	finishes(w, SERVER);
	agree(w, "TIME-WAIT", "CLOSED");
}

static void the_server_may_finish_first(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	finishes(w, SERVER);
	agree(w, "CLOSE-WAIT", "FIN-WAIT-2");
	closes(w, CLIENT);
	agree(w, "CLOSED", "TIME-WAIT");
}

static void an_orphan_waits_like_a_socket(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	closes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	closes(w, SERVER);
	agree(w, "TIME-WAIT", "CLOSED");
}

static void data_for_an_orphan_is_answered_with_a_reset(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	closes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	sends(w, SERVER, "is anybody there?");
	agree(w, "CLOSED", "CLOSED");
	assert_true(has_sent(w, CLIENT, TCP_RST, 0));
}

static void data_goes_on_the_other_way_after_a_half_close(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	sends(w, SERVER, "one more thing");
	reads(w, CLIENT, "one more thing");
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	closes(w, SERVER);
	agree(w, "TIME-WAIT", "CLOSED");
}

static void a_fin_may_bring_data_with_it(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	sends_later(w, CLIENT, "the last words");
	finishes(w, CLIENT);
	reads(w, SERVER, "the last words");
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	assert_true(has_sent(w, CLIENT, TCP_FIN, 14));
}

static void a_lost_fin_leaves_fin_wait_1_until_it_is_sent_again(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	loses(w, CLIENT);
	finishes(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "FIN-WAIT-1", "ESTABLISHED" },
		.at_client = { "FIN-WAIT-1", "CLOSE-WAIT" },
		.at_server = { "ESTABLISHED", "ESTABLISHED" } });
	passes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
}

static void an_orphans_lost_fin_is_sent_again_too(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	loses(w, CLIENT);
	closes(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "FIN-WAIT-1", "ESTABLISHED" },
		.at_client = { "FIN-WAIT-1", "CLOSE-WAIT" },
		.at_server = { "ESTABLISHED", "ESTABLISHED" } });
	passes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
}

static void a_fin_whose_ack_is_lost_is_sent_again(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	loses(w, SERVER);
	finishes(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "FIN-WAIT-1", "CLOSE-WAIT" },
		.at_client = { "FIN-WAIT-1", "CLOSE-WAIT" },
		.at_server = { "FIN-WAIT-2", "CLOSE-WAIT" } });
	passes(w, SERVER);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
}

static void a_fin_that_overtakes_its_data_does_not_count_yet(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	holds(w, CLIENT);
	sends(w, CLIENT, "the first part");
	finishes(w, CLIENT);
	drops(w, CLIENT, TCP_PSH);
	hands_over(w, CLIENT, TCP_FIN);
	finds(w, &(struct views){
		.kernels = { "FIN-WAIT-1", "ESTABLISHED" },
		.at_client = { "FIN-WAIT-1", "CLOSE-WAIT" },
		.at_server = { "FIN-WAIT-1", "ESTABLISHED" } });
	passes(w, CLIENT);
	reads(w, SERVER, "the first part");
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
}

static void a_fin_that_waits_for_a_window_is_not_seen(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	sends_too_much(w, CLIENT);
	finishes(w, CLIENT);
	finds(w, &(struct views){
		/* In FIN-WAIT-1 from the call on, but the FIN stands behind data in the queue. */
		.kernels = { "FIN-WAIT-1", "ESTABLISHED" },
		.at_client = { "ESTABLISHED", "ESTABLISHED" },
		.at_server = { "ESTABLISHED", "ESTABLISHED" } });
}

static void a_capture_may_begin_in_the_middle(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	captures_begin(w);
	sends(w, SERVER, "good morning");
	reads(w, CLIENT, "good morning");
	agree(w, "ESTABLISHED", "ESTABLISHED");
	finishes(w, SERVER);
	agree(w, "CLOSE-WAIT", "FIN-WAIT-2");
	finishes(w, CLIENT);
	agree(w, "CLOSED", "TIME-WAIT");
}

static void a_capture_may_begin_with_the_end(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	captures_begin(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	finishes(w, SERVER);
	agree(w, "TIME-WAIT", "CLOSED");
}

/* ---- both ends finish --------------------------------------------------------------------- */

static void the_second_to_finish_waits_for_the_last_ack(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	holds(w, SERVER);
	finishes(w, SERVER);
	finds(w, &(struct views){
		.kernels = { "FIN-WAIT-2", "LAST-ACK" },
		.at_client = { "FIN-WAIT-2", "CLOSE-WAIT" },
		.at_server = { "TIME-WAIT", "LAST-ACK" } });
	passes(w, SERVER);
	agree(w, "TIME-WAIT", "CLOSED");
}

static void time_wait_answers_when_its_last_ack_was_lost(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	loses(w, CLIENT);
	closes(w, SERVER);
	finds(w, &(struct views){
		.kernels = { "TIME-WAIT", "LAST-ACK" },
		.at_client = { "TIME-WAIT", "CLOSED" },
		.at_server = { "TIME-WAIT", "LAST-ACK" } });
	/* The server sends its FIN again, and TIME-WAIT is there for that. */
	passes(w, CLIENT);
	agree(w, "TIME-WAIT", "CLOSED");
}

static void two_that_close_at_once_meet_in_closing(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	holds(w, CLIENT);
	holds(w, SERVER);
	finishes(w, CLIENT);
	finishes(w, SERVER);
	finds(w, &(struct views){
		.kernels = { "FIN-WAIT-1", "FIN-WAIT-1" },
		.at_client = { "FIN-WAIT-1", "CLOSE-WAIT" },
		.at_server = { "CLOSE-WAIT", "FIN-WAIT-1" } });
	hands_over(w, CLIENT, TCP_FIN);
	hands_over(w, SERVER, TCP_FIN);
	finds(w, &(struct views){
		.kernels = { "CLOSING", "CLOSING" },
		/* Each has sent an ACK, which would have brought the other further. */
		.at_client = { "CLOSING", "TIME-WAIT" },
		.at_server = { "TIME-WAIT", "CLOSING" } });
	passes(w, CLIENT);
	passes(w, SERVER);
	agree(w, "TIME-WAIT", "TIME-WAIT");
}

static void of_two_fins_that_cross_one_may_come_late(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	holds(w, CLIENT);
	finishes(w, CLIENT);
	finishes(w, SERVER);
	finds(w, &(struct views){
		.kernels = { "CLOSING", "FIN-WAIT-1" },
		.at_client = { "CLOSING", "TIME-WAIT" },
		.at_server = { "CLOSE-WAIT", "FIN-WAIT-1" } });
	passes(w, CLIENT);
	agree(w, "TIME-WAIT", "TIME-WAIT");
}

static void ports_in_time_wait_can_be_used_again(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	closes(w, SERVER);
	agree(w, "CLOSE-WAIT", "FIN-WAIT-2");
	closes(w, CLIENT);
	agree(w, "CLOSED", "TIME-WAIT");
	connected(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
}

/* ---- resets --------------------------------------------------------------------------------- */

static void a_client_that_aborts_closes_both_ends(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	aborts(w, CLIENT);
	agree(w, "CLOSED", "CLOSED");
	assert_true(has_sent(w, CLIENT, TCP_RST, 0));
}

static void a_server_that_aborts_closes_both_ends(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	aborts(w, SERVER);
	agree(w, "CLOSED", "CLOSED");
	assert_true(has_sent(w, SERVER, TCP_RST, 0));
}

static void closing_with_unread_data_is_aborting(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	sends(w, CLIENT, "never read");
	agree(w, "ESTABLISHED", "ESTABLISHED");
	/* RFC 2525 2.17: the sender must learn that its data was not delivered. */
	closes(w, SERVER);
	agree(w, "CLOSED", "CLOSED");
	assert_true(has_sent(w, SERVER, TCP_RST, 0));
}

static void a_lost_reset_leaves_the_other_end_established(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	loses(w, CLIENT);
	aborts(w, CLIENT);
	finds(w, &(struct views){
		.kernels = { "CLOSED", "ESTABLISHED" },
		.at_client = { "CLOSED", "CLOSED" },
		.at_server = { "ESTABLISHED", "ESTABLISHED" } });
	/* Who does not know of the end is told when it speaks. */
	passes(w, CLIENT);
	sends(w, SERVER, "hello?");
	agree(w, "CLOSED", "CLOSED");
}

static void an_end_that_has_finished_may_still_be_reset(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	aborts(w, SERVER);
	agree(w, "CLOSED", "CLOSED");
}

static void an_end_that_has_finished_may_still_abort(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	finishes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	aborts(w, CLIENT);
	agree(w, "CLOSED", "CLOSED");
}

static void a_reset_outside_the_window_is_not_heeded(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	forges(w, CLIENT, TCP_RST, 1u << 30);
	finds(w, &(struct views){
		.kernels = { "ESTABLISHED", "ESTABLISHED" },
		.at_client = { "ESTABLISHED", "ESTABLISHED" },
		/* Who sends a reset has no connection; that another sent it cannot be seen. */
		.at_server = { "CLOSED", "ESTABLISHED" } });
}

static void a_reset_that_only_falls_into_the_window_is_not_heeded(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	/* RFC 5961 3.2: answered with an ACK, so that a real sender can say it again exactly. */
	forges(w, CLIENT, TCP_RST, 1000);
	finds(w, &(struct views){
		.kernels = { "ESTABLISHED", "ESTABLISHED" },
		.at_client = { "ESTABLISHED", "ESTABLISHED" },
		.at_server = { "CLOSED", "ESTABLISHED" } });
	assert_true(has_sent(w, SERVER, TCP_ACK, 0));
}

static void a_forged_reset_with_the_exact_number_closes_the_end_that_hears_it(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	forges(w, CLIENT, TCP_RST, 0);
	finds(w, &(struct views){
		.kernels = { "ESTABLISHED", "CLOSED" },
		.at_client = { "ESTABLISHED", "ESTABLISHED" },
		.at_server = { "CLOSED", "CLOSED" } });
}

static void a_reset_behind_a_gap_is_asked_for_again(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	holds(w, CLIENT);
	holds(w, SERVER);
	sends(w, CLIENT, "lost for ever");
	aborts(w, CLIENT);
	drops(w, CLIENT, TCP_PSH);
	hands_over(w, CLIENT, TCP_RST);
	/* RFC 5961 3.2 again: the server asks, whoever sent it. */
	finds(w, &(struct views){
		.kernels = { "CLOSED", "ESTABLISHED" },
		.at_client = { "CLOSED", "CLOSED" },
		.at_server = { "CLOSED", "ESTABLISHED" } });
	passes(w, SERVER);
	passes(w, CLIENT);
	agree(w, "CLOSED", "CLOSED");
}

static void a_reset_ends_time_wait_before_its_time(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	closes(w, CLIENT);
	agree(w, "FIN-WAIT-2", "CLOSE-WAIT");
	closes(w, SERVER);
	agree(w, "TIME-WAIT", "CLOSED");
	/* RFC 1337 advises against it; Linux does it all the same (tcp_rfc1337 is 0). */
	forges(w, SERVER, TCP_RST, 1);
	finds(w, &(struct views){
		.kernels = { "CLOSED", "CLOSED" },
		.at_client = { "CLOSED", "CLOSED" },
		.at_server = { "TIME-WAIT", "CLOSED" } });
}

static void a_forged_syn_does_not_move_an_established_end(void **state)
{
	struct tcp_world *w = tcp_world_of(state);

	connected(w);
	forges(w, CLIENT, TCP_SYN, 12345);
	finds(w, &(struct views){
		.kernels = { "ESTABLISHED", "ESTABLISHED" },
		.at_client = { "ESTABLISHED", "ESTABLISHED" },
		/* tcpq takes every SYN with another number for a new connection; the ACK that
		 * answers it tells that the server thinks otherwise (RFC 5961 4.2). */
		.at_server = { "SYN-SENT", "ESTABLISHED" } });
}

#define OVER_IP4(f) { #f "_over_ipv4", f, tcp_world_begin4, tcp_world_end, NULL }
#define OVER_IP6(f) { #f "_over_ipv6", f, tcp_world_begin6, tcp_world_end, NULL }
#define OVER_BOTH(f) OVER_IP4(f), OVER_IP6(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OVER_BOTH(an_idle_connection_is_established),
		OVER_BOTH(data_each_way_changes_no_state),
		OVER_IP4(a_syn_that_is_lost_leaves_the_client_in_syn_sent),
		OVER_BOTH(a_client_that_gives_up_in_silence_is_not_noticed),
		OVER_BOTH(a_lost_syn_ack_leaves_syn_sent_and_syn_received),
		OVER_BOTH(a_withheld_third_ack_leaves_the_server_in_syn_received),
		OVER_BOTH(a_server_that_defers_accepting_stays_in_syn_received_unseen),
		OVER_BOTH(a_refused_connection_is_closed_at_both_ends),
		OVER_BOTH(two_that_open_at_once_meet_in_syn_received),
		OVER_BOTH(of_two_syns_that_cross_one_may_come_late),
		OVER_BOTH(a_reset_ends_a_connection_that_was_only_requested),
		OVER_BOTH(a_fin_may_be_what_completes_the_handshake),
		OVER_BOTH(a_syn_may_bring_data_and_be_answered_before_the_ack),
		OVER_BOTH(a_client_that_lost_its_memory_is_told_and_asks_again),
		OVER_IP4(who_was_refused_unheard_asks_again),
		OVER_BOTH(the_end_that_finishes_waits_for_the_other),
		OVER_BOTH(the_server_may_finish_first),
		OVER_BOTH(an_orphan_waits_like_a_socket),
		OVER_BOTH(data_for_an_orphan_is_answered_with_a_reset),
		OVER_BOTH(data_goes_on_the_other_way_after_a_half_close),
		OVER_BOTH(a_fin_may_bring_data_with_it),
		OVER_BOTH(a_lost_fin_leaves_fin_wait_1_until_it_is_sent_again),
		OVER_BOTH(an_orphans_lost_fin_is_sent_again_too),
		OVER_BOTH(a_fin_whose_ack_is_lost_is_sent_again),
		OVER_BOTH(a_fin_that_overtakes_its_data_does_not_count_yet),
		OVER_BOTH(a_fin_that_waits_for_a_window_is_not_seen),
		OVER_BOTH(a_capture_may_begin_in_the_middle),
		OVER_BOTH(a_capture_may_begin_with_the_end),
		OVER_BOTH(the_second_to_finish_waits_for_the_last_ack),
		OVER_BOTH(time_wait_answers_when_its_last_ack_was_lost),
		OVER_BOTH(two_that_close_at_once_meet_in_closing),
		OVER_BOTH(of_two_fins_that_cross_one_may_come_late),
		OVER_BOTH(ports_in_time_wait_can_be_used_again),
		OVER_BOTH(a_client_that_aborts_closes_both_ends),
		OVER_BOTH(a_server_that_aborts_closes_both_ends),
		OVER_BOTH(closing_with_unread_data_is_aborting),
		OVER_BOTH(a_lost_reset_leaves_the_other_end_established),
		OVER_BOTH(an_end_that_has_finished_may_still_be_reset),
		OVER_BOTH(an_end_that_has_finished_may_still_abort),
		OVER_BOTH(a_reset_outside_the_window_is_not_heeded),
		OVER_BOTH(a_reset_that_only_falls_into_the_window_is_not_heeded),
		OVER_BOTH(a_forged_reset_with_the_exact_number_closes_the_end_that_hears_it),
		OVER_BOTH(a_reset_behind_a_gap_is_asked_for_again),
		OVER_BOTH(a_reset_ends_time_wait_before_its_time),
		OVER_BOTH(a_forged_syn_does_not_move_an_established_end),
	};

	return cmocka_run_group_tests_name("tcpq states", tests, tcp_worlds_begin, tcp_worlds_end);
}
