#!/usr/bin/python3
"""Prints src/view/width_table.h from Unicode's own tables, as this Python has them.

Wide: East_Asian_Width W or F (UAX #11), which has the emoji since Unicode 9, with what its file
gives to code points that are not assigned yet; and two rows of symbols that the C library and
the terminals have always shown wide (U+3248..324F, U+4DC0..4DFF).
Without width: General_Category Mn, Me and Cf, and the vowels and final consonants of Hangul that
are drawn into the syllable before them; not the soft hyphen, nor the Arabic and other marks that
stand in front of what they mark (Prepended_Concatenation_Mark), which are letters in width.

Code points that nobody has assigned lie in a range when what is on both sides of them does.
"""
import unicodedata

PREPENDED = {*range(0x600, 0x606), 0x6dd, 0x70f, 0x890, 0x891, 0x8e2, 0x110bd, 0x110cd}
WIDE_ALWAYS = [(0x3248, 0x324f), (0x3400, 0x4dff), (0x4e00, 0x9fff), (0xf900, 0xfaff),
               (0x1fa70, 0x1faff), (0x20000, 0x2fffd), (0x30000, 0x3fffd)]


def width(code):
    """0, 1, 2, or None where nothing is assigned and nothing is promised"""
    if any(a <= code <= b for a, b in WIDE_ALWAYS):
        return 2
    category = unicodedata.category(chr(code))
    if category in ('Cn', 'Cs', 'Cc'):
        return None
    if 0x1160 <= code <= 0x11ff or 0xd7b0 <= code <= 0xd7ff:
        return 0
    if category in ('Mn', 'Me', 'Cf') and code != 0xad and code not in PREPENDED:
        return 0
    return 2 if unicodedata.east_asian_width(chr(code)) in 'WF' else 1


def ranges(wanted):
    found, begin, last = [], None, None
    for code in range(0x20, 0x110000):
        is_width = width(code)
        if is_width == wanted:
            begin = code if begin is None else begin
            last = code
        elif is_width is not None and begin is not None:
            found.append((begin, last))
            begin = None
    return found + ([(begin, last)] if begin is not None else [])


def table(name, wanted):
    print('static const struct range %s[] = {' % name)
    line = ''
    for a, b in ranges(wanted):
        item = '{ 0x%04x, 0x%04x },' % (a, b)
        if len(line) + 1 + len(item) > 91:
            print('\t' + line)
            line = ''
        line += (' ' if line else '') + item
    print('\t' + line + '\n};')


print('''/*
 * Made by tests/support/width-table.py, which says what is in it, from Unicode %s.
 * Ranges of code points in growing order, both ends included; width.c alone includes it.
 */''' % unicodedata.unidata_version)
table('wide', 2)
table('widthless', 0)
