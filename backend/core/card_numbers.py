"""Card numbers have no place here: found by their check digit and the brands' prefixes. Pure.

A number is refused in every text that a person can send (the bank's own fields excepted), so that
none is stored or logged: `core.apps` puts the check on every text field of forms and of the API,
`core.web.words_of` on what a page reads without a form.

Not taken for a card: a telephone number (led by +), a tax code (ten digits, a dash, three), a sum
in groups of three, and a list of short numbers (2021 2022 …).
"""

import re
import unicodedata
from collections.abc import Iterator

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
# Not in the middle of a longer number or of a hexadecimal token.
_RUN = re.compile(
    r"(?<![\d+])(?<![0-9a-f][a-f])\d(?:[\s.\-\u2010-\u2015\u00a0]?\d){12,18}(?!\d)(?![a-f][0-9a-f])"
)
HIDDEN = "•"
_MARKS = re.compile(r"[\s.\-\u2010-\u2015\u00a0]")
_TAX_CODE = re.compile(r"\d{10}-\d{3}")
_GROUPS_OF_THREE = re.compile(r"\d{1,3}(?:[.\s\u00a0]\d{3})+")


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others."""
    total = 0
    for place, char in enumerate(reversed(digits)):
        value = int(char) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def has_card_number(text: str) -> bool:
    """Whether 13 to 19 digits in `text`, spaced or not, in any script, are a card's number."""
    return any(True for _ in _found(text))


def without_card_numbers(text: str) -> str:
    """The text with a dot for each digit of a card's number: what may be kept of a draft that was
    refused, so that the rest of it is not lost."""
    kept = list(text)
    for start, end in _found(text):
        for place in range(start, end):
            if text[place].isdigit():
                kept[place] = HIDDEN
    return "".join(kept)


def _found(text: str) -> Iterator[tuple[int, int]]:
    if sum(map(str.isdigit, text)) < 13:
        return
    # One character for one, so that places in `plain` are places in `text`.
    plain = "".join(
        str(unicodedata.decimal(c)) if unicodedata.decimal(c, -1) != -1 else c for c in text
    )
    yield from (match.span() for match in _RUN.finditer(plain) if _is_card(match.group()))


def _is_card(run: str) -> bool:
    if _TAX_CODE.fullmatch(run) or _GROUPS_OF_THREE.fullmatch(run):
        return False
    groups = {len(group) for group in _MARKS.split(run)[:-1]}
    if groups and groups != {1} and min(groups) < 3:
        return False
    digits = _MARKS.sub("", run)
    return any(
        len(digits) in lengths and brand.match(digits) and luhn(digits) for brand, lengths in BRANDS
    )
