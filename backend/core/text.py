"""Vietnamese text: folding for search, collation, cleaning, slugs. Pure.

PostgreSQL here has neither ICU nor unaccent, so one function in Python serves index and query.
"""

import re
import unicodedata
from functools import lru_cache

# Letters without a decomposition into base and mark.
_STROKES = str.maketrans({"đ": "d", "Đ": "D", "ð": "d", "ø": "o", "ł": "l", "ß": "ss"})
_BIDI = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF]
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_WORD = re.compile(r"\w+")
_PHRASE = re.compile(r'"([^"]*)"')

_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}  # huyền hỏi ngã sắc nặng
_ALPHABET = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_LETTER_RANK = {letter: f"{rank:02d}" for rank, letter in enumerate(_ALPHABET, start=11)}

# oa oe uy with the tone on the second letter (new style) → on the first (ours, language.md 4.7),
# in open syllables only and not after q.
_NEW_STYLE = re.compile(
    r"(?<![qQ])([oOuU])([aAeEyY])([\u0300\u0301\u0303\u0309\u0323])(?![^\W\d_])"
)


def nfc(text: str) -> str:
    """Composed form, as everything is stored."""
    return unicodedata.normalize("NFC", text)


def clean_text(text: str) -> str:
    """What may be stored: NFC, no control or direction marks, no half characters; newlines stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_BIDI)
    return nfc(_CONTROL.sub("", text))


def fold(text: str) -> str:
    """The form that index and query share: lower case, no marks, đ as d, old tone style or new.

    `fold("Đường") == fold("duong") == "duong"`; idempotent; never raises on any text.
    """
    text = _CONTROL.sub(" ", text.translate(_BIDI)).casefold().translate(_STROKES)
    kept = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return kept.casefold().translate(_STROKES)


def mark_form(text: str) -> str:
    """Lower case with its marks, tone placement made equal (hoà = hòa), for exact hits."""
    text = _CONTROL.sub(" ", text.translate(_BIDI)).casefold()
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _NEW_STYLE.sub(r"\1\3\2", _marks_in_order(decomposed)))


def _marks_in_order(text: str) -> str:
    # NFD sorts marks by class, so a dot below comes before a circumflex; the tone goes last here.
    return re.sub(r"([\u0323])([\u0302\u0306\u031b]+)", r"\2\1", text)


def old_tone_style(text: str) -> str:
    """Rewrite hoà as hòa (never after q, never in closed syllables)."""
    return nfc(_NEW_STYLE.sub(r"\1\3\2", _marks_in_order(unicodedata.normalize("NFD", text))))


def words(text: str) -> list[str]:
    """Runs of letters and digits."""
    return _WORD.findall(text)


def phrases_and_words(query: str) -> tuple[list[list[str]], list[str]]:
    """Quoted phrases (as lists of words) and the words outside quotes, in order."""
    phrases = [words(p) for p in _PHRASE.findall(query)]
    return [p for p in phrases if p], words(_PHRASE.sub(" ", query))


@lru_cache(maxsize=4096)
def _syllable_key(word: str) -> str:
    letters: list[str] = []
    tones: list[int] = []
    for char in unicodedata.normalize("NFD", word):
        if char in _TONES:
            tones.append(_TONES[char])
        elif unicodedata.combining(char) and letters:
            letters[-1] += char
        else:
            letters.append(char)
    ranks = []
    for letter in letters:
        composed = unicodedata.normalize("NFC", letter)
        base = composed if composed in _LETTER_RANK else fold(composed)[:1]
        ranks.append(_LETTER_RANK.get(base, "50"))
    return "".join(ranks) + "." + "".join(map(str, tones or [0]))


def sort_key(text: str) -> str:
    """A plain ASCII key whose order is Vietnamese: a ă â … d đ e ê …, tones ngang huyền hỏi ngã
    sắc nặng inside equal letters, numbers by value."""
    keys = []
    for part in re.findall(r"\d+|[^\W\d_]+", nfc(text).casefold()):
        keys.append(f"0{int(part):020d}" if part.isdecimal() else _syllable_key(part))
    return " ".join(keys)[:400]


def slugify_vi(text: str) -> str:
    """`Nước mặn ở Cần Giờ` → `nuoc-man-o-can-gio`; empty when there is no letter or digit."""
    return "-".join(re.findall(r"[a-z0-9]+", fold(text)))


def initials(name: str, count: int = 2) -> str:
    """Letters for a round picture: of the last syllables, as Vietnamese names are called."""
    parts = [p for p in re.split(r"[\s\-]+", nfc(name)) if p[:1].isalpha()]
    return "".join(p[0].upper() for p in parts[-count:])


def shorten_words(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a space, with an ellipsis when something was cut."""
    text = text.strip()
    if len(text) <= limit:
        return text
    cut = text[: max(limit - 1, 1)]
    head, space, _ = cut.rpartition(" ")
    return (head if space else cut).rstrip(" ,.;:–-") + "…"
