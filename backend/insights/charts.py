"""Charts as SVG: x in per cent and y in pixels, so that text keeps its size on every screen. Each
is an image with a name that says the finding in numbers; the table beside it says the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

# Characters of a name and a figure that a phone shows on one line.
ONE_LINE = 40
# Months that have room for a name and a figure: on the whole page, and on half of it.
LABELLED, LABELLED_HALF = 12, 8


@dataclass(frozen=True)
class Bar:
    """`share` of the largest, 0 to 1; None: hidden, so there is no bar (a month: an empty box).
    `is_part`: of a month that is not over, drawn dashed."""

    label: str
    text: str
    share: float | None
    is_part: bool = False


def across(bars: Sequence[Bar], name: str) -> SafeString:
    """One bar below the other, with its label and figure above it."""
    rows, top = [], 0
    for bar in bars:
        # A long name leaves no room for the figure on the same line of a phone.
        own_line = len(bar.label) + len(bar.text) > ONE_LINE
        rows.append((_across(bar, top, 20 if own_line else 0),))
        top += (54 if own_line else 34) if bar.share is None else (74 if own_line else 54)
    return format_html(
        '<svg height="{}" role="img" aria-label="{}">{}</svg>', max(top - 16, 40), name,
        format_html_join("", "{}", rows),
    )  # fmt: skip


def _across(bar: Bar, top: int, more: int) -> SafeString:
    at = top + more
    filled = (
        ""
        if bar.share is None
        else format_html(
            '<rect class="f0" x="0" y="{0}" width="100%" height="11" rx="2"/>'
            '<rect class="f1" x="0" y="{0}" width="{1}%" height="11" rx="2"/>',
            at + 21, f"{bar.share * 100:.1f}",
        )
    )  # fmt: skip
    return format_html(
        '<text x="0" y="{0}">{1}</text>'
        '<text class="{5}" x="100%" y="{2}" text-anchor="end">{3}</text>{4}',
        top + 13, bar.label, at + 13, bar.text, filled, "m" if bar.share is None else "b",
    )  # fmt: skip


def upright(bars: Sequence[Bar], name: str, line: float | None, line_text: str) -> SafeString:
    """Months side by side; `line` is a level (0 to 1 of the height) to compare with."""
    width, last = 92 / max(len(bars), 1), len(bars) - 1
    # Beyond a year there is room for every second or third name; the newest keeps its own.
    every = -(-len(bars) // LABELLED)
    parts = [
        _upright(bar if (last - i) % every == 0 else replace(bar, label="", text=""),
                 8 + width * i, width, (last - i) // every % 2 == 1)
        for i, bar in enumerate(bars)
    ]  # fmt: skip
    parts.append(SafeString('<line class="ax" x1="0" x2="100%" y1="250" y2="250"/>'))
    if line is not None:
        y = 250 - 200 * line
        parts.append(
            format_html(
                '<line class="tgt" x1="8%" x2="100%" y1="{0}" y2="{0}"/>'
                '<text class="b" x="8%" y="{1}" dx="6">{2}</text>',
                f"{y:.1f}", f"{y - 9:.1f}", line_text,
            )
        )  # fmt: skip
    body = format_html_join("", "{}", ((p,) for p in parts))
    return format_html('<svg height="284" role="img" aria-label="{}">{}</svg>', name, body)


def _upright(bar: Bar, left: float, width: float, is_second: bool) -> SafeString:
    middle, kind = left + width / 2, "m alt" if is_second else "m"
    height = 24.0 if bar.share is None else max(200 * bar.share, 1.0)
    return format_html(
        '<rect class="{0}" x="{1}%" y="{2}" width="{3}%" height="{4}"/>'
        '<text class="{5}" x="{6}%" y="{7}" text-anchor="middle">{8}</text>'
        '<text class="{9}" x="{6}%" y="270" text-anchor="middle">{10}</text>',
        "part" if bar.share is None or bar.is_part else "f1", f"{left + width * 0.19:.2f}",
        f"{250 - height:.1f}",
        f"{width * 0.62:.2f}", f"{height:.1f}", "b alt" if is_second else "b", f"{middle:.2f}",
        f"{250 - height - 8:.1f}", bar.text, kind, bar.label,
    )  # fmt: skip


def meter(share: float, name: str, text: str, marks: Sequence[str]) -> SafeString:
    """The band's line: how far towards a target."""
    at = min(max(share, 0.0), 1.0) * 100
    last = len(marks) - 1
    ticks = format_html_join(
        "", '<line class="tick" x1="{0}%" x2="{0}%" y1="38" y2="50"/>'
        '<text x="{0}%" y="70" text-anchor="{1}">{2}</text>',
        ((f"{100 * i / last:.0f}", "start" if i == 0 else "end" if i == last else "middle", mark)
         for i, mark in enumerate(marks)),
    )  # fmt: skip
    anchor = "start" if at < 15 else "end" if at > 85 else "middle"
    return format_html(
        '<svg height="76" role="img" aria-label="{0}"><line class="way" x1="0" x2="100%" y1="34" '
        'y2="34"/><line class="gone-way" x1="0" x2="{1}%" y1="34" y2="34"/>{2}'
        '<text class="here" x="{1}%" y="18" text-anchor="{3}">{4}</text></svg>',
        name, f"{at:.2f}", ticks, anchor, text,
    )  # fmt: skip


def spans(rows: Sequence[tuple[str, int, int]], promise: int, name: str) -> SafeString:
    """Per month: half within (dot), nine in ten within (ring), and the promise as a line."""
    top = max([promise, *(most for _m, _h, most in rows)], default=1) * 1.1
    width, last = 92 / max(len(rows), 1), len(rows) - 1
    every = -(-len(rows) // LABELLED_HALF)

    def y(days: int) -> str:
        return f"{250 - 220 * days / top:.1f}"

    marks = format_html_join(
        "", '<line class="s1" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>'
        '<circle class="dot" cx="{0}%" cy="{1}" r="6"/><circle class="ring" cx="{0}%" cy="{2}" '
        'r="6"/><text class="{3}" x="{0}%" y="270" text-anchor="middle">{4}</text>',
        ((f"{8 + width * (i + 0.5):.2f}", y(half), y(most),
          "m alt" if (last - i) // every % 2 else "m", "" if (last - i) % every else month)
         for i, (month, half, most) in enumerate(rows)),
    )  # fmt: skip
    return format_html(
        '<svg height="284" role="img" aria-label="{0}">{1}<line class="tgt" x1="8%" x2="100%" '
        'y1="{2}" y2="{2}"/><text class="m" x="0" y="{2}">{3}</text>'
        '<line class="ax" x1="0" x2="100%" y1="250" y2="250"/></svg>',
        name, marks, y(promise), promise,
    )  # fmt: skip
