"""Footer pages: Markdown per language in `content/`, with settings as `{variables}`."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

CONTENT = Path(__file__).parent / "content"
NAMES = (
    "propose", "review", "fees", "risks", "complaints", "privacy", "terms", "accessibility",
    "help", "source",
)  # fmt: skip


@dataclass(frozen=True)
class TextPage:
    """One page in one language; `updated` is an ISO date."""

    name: str
    title: str
    description: str
    updated: str
    body: SafeString


@dataclass(frozen=True)
class Head:
    """What stands above a page's text."""

    title: str
    description: str
    updated: str


def head_of(name: str, language: str) -> Head:
    """The head of a file in `content/`, also of one that a page of its own shows."""
    raw = (CONTENT / language / f"{name}.md").read_text(encoding="utf-8")
    facts = dict(re.findall(r"^(\w+):\s*(.+)$", raw.split("---\n", 2)[1], re.MULTILINE))
    return Head(facts["title"], facts["description"], facts["updated"])


@lru_cache(maxsize=64)
def text_page(name: str, language: str) -> TextPage | None:
    """None for a name that is no page. The files are ours, so their HTML needs no cleaning."""
    if name not in NAMES:
        return None
    raw = (CONTENT / language / f"{name}.md").read_text(encoding="utf-8")
    _, head, body = raw.split("---\n", 2)
    facts = dict(re.findall(r"^(\w+):\s*(.+)$", head, re.MULTILINE))
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(_filled(body, language))
    caption = f'<table><caption class="vh">{escape(facts["title"])}</caption>'
    html = html.replace("<table>", caption)
    return TextPage(
        name,
        facts["title"],
        facts["description"],
        facts["updated"],
        mark_safe(html),  # noqa: S308
    )


def funds_holder(language: str) -> str:
    """Who holds the money, as texts name it; without a contract they say so."""
    return settings.FUNDS_HOLDER or {
        "vi": "bên giữ tiền (chưa ký hợp đồng)",
        "en": "the holder of funds (no contract yet)",
    }.get(language, "the holder of funds (no contract yet)")


def _filled(text: str, language: str) -> str:
    fee = settings.PLATFORM_FEE_BPS / 100
    values = {
        "holder": funds_holder(language),
        "cooling_off_days": str(settings.COOLING_OFF_DAYS),
        "platform_fee": f"{fee:g}%".replace(".", "," if language == "vi" else "."),
        "review_working_days": str(settings.REVIEW_WORKING_DAYS),
    }
    return re.sub(r"\{(\w+)\}", lambda m: values[m[1]], text)
