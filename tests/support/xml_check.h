/*
 * xml_check.h - is a text well-formed XML 1.0?
 *
 * As much as our own output uses: a declaration, a document type without a subset, elements,
 * attributes, character data, the five named entities.  Comments, CDATA, processing
 * instructions and numbered entities are called wrong: we write none, so one that is there
 * came from outside.
 */
#ifndef WIRELAB_TESTS_XML_CHECK_H
#define WIRELAB_TESTS_XML_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/* NULL: it is.  Else what is wrong, and where (*at, in bytes from the start). */
const char *xml_wrong(const char *text, size_t len, size_t *at);

#endif
