/* csum.h: the Internet checksum, by RFC 1071 and RFC 1624 */
#include "told.h"

#include "wirelab/csum.h"

/* RFC 1071 section 1 in its own words: add 16-bit words, carries around the end. */
static uint16_t naive(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++) {
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void a_header_is_summed_stored_checked_and_changed_on_its_way(void **state)
{
	/* an IPv4 header, TTL 64, UDP, 192.0.2.1 > 192.0.2.2, checksum still zero */
	/* clang-format off */
	uint8_t ip[20] = {
		0x45, 0x00, 0x00, 0x1c, 0x12, 0x34, 0x00, 0x00,
		0x40, 0x11, 0x00, 0x00,
		0xc0, 0x00, 0x02, 0x01,
		0xc0, 0x00, 0x02, 0x02,
	};
	/* clang-format on */
	uint16_t field = csum_fold(csum_add(0, ip, sizeof(ip)));

	(void)state;
	ip[10] = (uint8_t)(field >> 8);
	ip[11] = (uint8_t)field;
	assert_int_equal(csum_fold(csum_add(0, ip, sizeof(ip))), 0);

	/* A router takes one from the TTL and need not sum the rest again. */
	uint16_t next = csum_update16(field, 0x4011, 0x3f11);
	ip[8] = 0x3f;
	ip[10] = (uint8_t)(next >> 8);
	ip[11] = (uint8_t)next;
	assert_int_equal(csum_fold(csum_add(0, ip, sizeof(ip))), 0);
}

static void rfc1071_3_its_numerical_example(void **state)
{
	/* "00 01 f2 03 f4 f5 f6 f7": the sum is ddf2 */
	static const uint8_t example[8] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	(void)state;
	assert_int_equal(csum_fold(csum_add(0, example, sizeof(example))), 0xffff & ~0xddf2);
}

static void rfc1071_1_an_odd_byte_counts_as_if_a_zero_stood_behind_it(void **state)
{
	static const uint8_t odd[3] = { 0x12, 0x34, 0x56 };

	(void)state;
	assert_int_equal(csum_add(0, odd, 3), 0x1234 + 0x5600);
}

static void it_agrees_with_the_naive_sum_on_any_bytes(void **state)
{
	struct chance c = { 2 };

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		size_t len = chance_below(&c, 200);
		uint8_t bytes[200];
		chance_fill(&c, bytes, len);
		uint8_t *p = exactly(bytes, len);
		assert_int_equal(csum_fold(csum_add(0, p, len)), naive(p, len));
		free(p);
	}
}

static void runs_may_be_summed_one_after_another(void **state)
{
	struct chance c = { 3 };
	uint8_t bytes[301];

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		chance_fill(&c, bytes, sizeof(bytes));
		size_t cut = 2 * chance_below(&c, 151);
		uint32_t sum = csum_add(csum_add(0, bytes, cut), bytes + cut, sizeof(bytes) - cut);
		assert_int_equal(csum_fold(sum), naive(bytes, sizeof(bytes)));
	}
}

static void carries_are_not_lost_over_a_long_run_of_ones(void **state)
{
	size_t len = 1u << 20;
	uint8_t *p = malloc(len);
	uint32_t sum = 0;

	(void)state;
	assert_non_null(p);
	memset(p, 0xff, len);
	for (unsigned i = 0; i < 40; i++)	/* 2^20 words a MiB: past 32 bits three times */
		sum = csum_add(sum, p, len);
	assert_int_equal(csum_fold(sum), 0);
	assert_int_equal(csum_fold(UINT32_MAX), 0);
	free(p);
}

static void rfc1624_4_its_example_where_rfc1141_went_wrong(void **state)
{
	(void)state;
	/* "HC = 0xDD2F, m = 0x5555, m' = 0x3285": eqn. 3 gives 0x0000, not 0xffff */
	assert_int_equal(csum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void rfc1624_3_an_update_is_what_a_new_sum_would_be(void **state)
{
	struct chance c = { 4 };

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		uint8_t data[6] = { 0, 1 };	/* never all zeros, as no IP header is */
		chance_fill(&c, data + 2, 4);
		if (i % 4 == 0)			/* often the corners */
			memset(data + 2, i % 8 ? 0xff : 0x00, 2);
		uint16_t old = (uint16_t)(data[2] << 8 | data[3]);
		uint16_t field = naive(data, 6);
		uint16_t fresh = i % 3 ? (uint16_t)chance_next(&c) : i % 2 ? 0xffff : 0;
		data[2] = (uint8_t)(fresh >> 8);
		data[3] = (uint8_t)fresh;
		assert_int_equal(csum_update16(field, old, fresh), naive(data, 6));
	}
}

/* RFC 1624 section 5: only an all-zero packet sums to +0, and no update can know of it. */
static void rfc1624_5_over_nothing_but_zeros_both_zeros_verify(void **state)
{
	uint8_t packet[4] = { 0, 0, 0, 0 };
	uint16_t updated = csum_update16((uint16_t)~0x1234, 0x1234, 0x0000);

	(void)state;
	assert_int_equal(naive(packet, 2), 0xffff);
	assert_int_equal(updated, 0x0000);
	packet[2] = packet[3] = 0xff;
	assert_int_equal(csum_fold(csum_add(0, packet, 4)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_summed_stored_checked_and_changed_on_its_way),
		cmocka_unit_test(rfc1071_3_its_numerical_example),
		cmocka_unit_test(rfc1071_1_an_odd_byte_counts_as_if_a_zero_stood_behind_it),
		cmocka_unit_test(it_agrees_with_the_naive_sum_on_any_bytes),
		cmocka_unit_test(runs_may_be_summed_one_after_another),
		cmocka_unit_test(carries_are_not_lost_over_a_long_run_of_ones),
		cmocka_unit_test(rfc1624_4_its_example_where_rfc1141_went_wrong),
		cmocka_unit_test(rfc1624_3_an_update_is_what_a_new_sum_would_be),
		cmocka_unit_test(rfc1624_5_over_nothing_but_zeros_both_zeros_verify),
	};

	return cmocka_run_group_tests_name("csum", tests, NULL, NULL);
}
