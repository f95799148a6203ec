"""Pasted HTML and Word text as plain text: paragraphs and lists stay, everything else goes.

Only text that holds tags of HTML is touched, so that "x < 5 mm" and "<ngưỡng>" stay as typed.
"""

import html
import re

import nh3

_TAG = re.compile(
    r"<(?:!--|!doctype|/?(?:o:p|html|body|head|title|meta|link|style|script|iframe|object|embed|svg|"
    r"math|img|p|div|span|br|b|i|u|s|em|strong|small|sub|sup|font|a|ul|ol|li|table|thead|tbody|tr|"
    r"td|th|h[1-6]|blockquote|pre|code|form|input|button|section|article|video|audio)\b)",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"<(?:br|/p|/div|/li|/tr|/h[1-6]|/ul|/ol|/table|/blockquote)\b[^>]*>", re.IGNORECASE
)
_ITEM = re.compile(r"<li\b[^>]*>", re.IGNORECASE)
_CELL = re.compile(r"</t[dh]\b[^>]*>", re.IGNORECASE)
# Word's bullets: a middle dot, a square of the symbol font, or "o", each with a tab.
_WORD_BULLET = re.compile(r"^[ \t]*(?:[·•▪\uf0b7\uf0a7]|o(?=\t))[ \t]+", re.MULTILINE)
_GONE = {"script", "style", "title", "svg", "math", "iframe", "object"}


def plain_text(text: str) -> str:
    """What a person meant by a pasted text. Idempotent; plain text comes back as it is, with
    Word's bullets as dashes and at most one empty line in a row."""
    if _TAG.search(text):
        text = _BLOCK.sub("\n", _ITEM.sub("\n- ", _CELL.sub("\t", text)))
        cleaned = nh3.clean(text, tags=set(), clean_content_tags=_GONE, strip_comments=True)
        text = html.unescape(cleaned)
        # What was written as an entity may now look like a tag again.
        if _TAG.search(text):
            text = text.replace("<", "‹").replace(">", "›")
    text = _WORD_BULLET.sub("- ", text.replace("\x0b", "\n"))
    return re.sub(r"\n{3,}", "\n\n", text)
