"""Card numbers have no place here: found by their check digit and the brands' prefixes. Pure.

A number is refused in every text field (the bank's own fields excepted), so that none is stored.
"""

import re
import unicodedata

# Prefix, and the lengths that the brand uses.
BRANDS = (
    (re.compile(r"4"), {13, 16, 19}),
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), {16}),
    (re.compile(r"3[47]"), {15}),
    (re.compile(r"6(?:011|4[4-9]|5)"), {16, 19}),
    (re.compile(r"35(?:2[89]|[3-8])"), {16, 17, 18, 19}),
    (re.compile(r"3(?:0[0-5]|[689])"), {14, 16, 19}),
    (re.compile(r"62"), {16, 17, 18, 19}),
    (re.compile(r"9704"), {16, 19}),
)
_RUN = re.compile(r"\d(?:[\s.\-\u2010-\u2015\u00a0]?\d){12,18}(?!\d)")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def has_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in `text`, spaced or not, in any script, are a card's number."""
    plain = "".join(
        str(unicodedata.decimal(c)) if unicodedata.decimal(c, -1) != -1 else c for c in text
    )
    for match in _RUN.finditer(plain):
        digits = re.sub(r"\D", "", match.group())
        for brand, lengths in BRANDS:
            if len(digits) in lengths and brand.match(digits) and luhn(digits):
                return True
    return False
