/* lang.h: the languages of lessons */
#include "told.h"

#include "wirelab/lang.h"

static void languages_go_by_their_two_letters(void **state)
{
	enum lang lang = LANG_COUNT;

	(void)state;
	assert_string_equal(lang_name(LANG_EN), "en");
	assert_string_equal(lang_name(LANG_ZH), "zh");
	for (unsigned i = 0; i < LANG_COUNT; i++) {
		assert_true(lang_parse(lang_name((enum lang)i), &lang));
		assert_int_equal(lang, i);
	}
}

static void other_letters_are_no_language(void **state)
{
	static const char *const wrong[] = { "", "e", "EN", "english", "zh_CN", "cn", "de" };

	(void)state;
	for (size_t i = 0; i < LENGTH(wrong); i++) {
		enum lang lang = LANG_ZH;
		assert_false(lang_parse(wrong[i], &lang));
		assert_int_equal(lang, LANG_ZH);
	}
}

static void a_chinese_locale_is_chinese_and_any_other_english(void **state)
{
	static const char *const chinese[] = { "zh", "zh_CN", "zh_CN.UTF-8", "zh.UTF-8", "zh@pinyin" };
	static const char *const english[] = { "", "C", "POSIX", "en_GB.UTF-8", "de_DE", "zha_CN", "z",
					       "ZH", "tzh_CN" };

	(void)state;
	assert_int_equal(lang_of_locale(NULL), LANG_EN);
	for (size_t i = 0; i < LENGTH(chinese); i++)
		assert_int_equal(lang_of_locale(chinese[i]), LANG_ZH);
	for (size_t i = 0; i < LENGTH(english); i++)
		assert_int_equal(lang_of_locale(english[i]), LANG_EN);
}

static void a_text_stands_in_both(void **state)
{
	struct both hello = BOTH("hello", "你好");

	(void)state;
	assert_string_equal(in_lang(&hello, LANG_EN), "hello");
	assert_string_equal(in_lang(&hello, LANG_ZH), "你好");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(languages_go_by_their_two_letters),
		cmocka_unit_test(other_letters_are_no_language),
		cmocka_unit_test(a_chinese_locale_is_chinese_and_any_other_english),
		cmocka_unit_test(a_text_stands_in_both),
	};

	return cmocka_run_group_tests_name("lang", tests, NULL, NULL);
}
