"""Plain documents as PDF: headings, paragraphs, tables, quotes. The fonts stand in `fonts/`.

They are the site's own Public Sans (OFL), one file per weight with all Vietnamese letters, made
from the files in frontend-templates/static/fonts.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table

FONTS = Path(__file__).parent / "fonts"
INK, MUTED, LINE = HexColor("#13211E"), HexColor("#4A5B57"), HexColor("#D3DCD9")
PAGE_WIDTH = 160 * mm
# Sizes of a table's letters, in points: the largest in which no sum is parted from its unit.
SIZES = (9.0, 8.0, 7.0, 6.5)
BETWEEN = 8  # points between the texts of two columns
RULED = (
    ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
    ("LEFTPADDING", (0, 0), (0, -1), 0),
    ("RIGHTPADDING", (-1, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
)


@dataclass(frozen=True)
class Block:
    """One piece of a document. `kind`: title, heading, text, small, quote, rows, facts, table,
    items, page.

    `rows` are pairs (label, value): sums at the right, or facts, whose texts may be long. Those of
    a table have a cell for each of `head`, the last one at the right; `widths` are in millimetres,
    160 in all, and follow from the texts where they are not given. `items` are lines of a list;
    `lang` is set where a passage is not in the document's language.
    """

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    items: tuple[str, ...] = ()
    lang: str = ""
    head: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()


@lru_cache(maxsize=1)
def _styles() -> dict[str, ParagraphStyle]:
    for name in ("regular", "bold"):
        pdfmetrics.registerFont(TTFont(f"ck-{name}", str(FONTS / f"public-sans-{name}.ttf")))
    base = ParagraphStyle("text", fontName="ck-regular", fontSize=10.5, leading=15.5, textColor=INK)

    def style(name: str, **changes: Any) -> ParagraphStyle:
        return ParagraphStyle(name, parent=base, **changes)

    return {
        "text": style("text", spaceAfter=7),
        "cell": style("cell"),
        "right": style("right", alignment=2),
        "col": style("col", fontSize=9, leading=12.5),
        "col-right": style("col-right", fontSize=9, leading=12.5, alignment=2),
        "col-head": style("col-head", fontName="ck-bold", fontSize=9, leading=12.5),
        "col-head-right": style("col-head-right", fontName="ck-bold", fontSize=9, leading=12.5,
                                alignment=2),
        "title": style("title", fontName="ck-bold", fontSize=16, leading=21, spaceAfter=10),
        "heading": style("heading", fontName="ck-bold", fontSize=12, leading=16, spaceBefore=9,
                         spaceAfter=5, keepWithNext=1),
        "small": style("small", fontSize=9, leading=13, textColor=MUTED, spaceAfter=6),
        "quote": style("quote", leftIndent=12, borderColor=MUTED, spaceAfter=6),
        "items": style("items", leftIndent=14, bulletIndent=3, spaceAfter=4),
    }  # fmt: skip


def pdf_from(blocks: Sequence[Block], *, title: str, foot: str, language: str) -> bytes:
    """The document as bytes; `foot` stands on every page before the page number."""
    styles, buffer = _styles(), io.BytesIO()

    def footer(canvas: Any, document: Any) -> None:
        canvas.saveState()
        canvas.setFont("ck-regular", 8.5)
        canvas.setFillColor(MUTED)
        canvas.drawString(25 * mm, 12 * mm, foot)
        canvas.drawRightString(185 * mm, 12 * mm, str(document.page))
        canvas.restoreState()

    # A frame pads its content by six points; tables are as wide as the text between the margins.
    side = 25 * mm - 6
    SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=side, rightMargin=side, topMargin=22 * mm,
        bottomMargin=22 * mm, title=title, author="Cầu Kiều", lang=language, invariant=1,
    ).build(
        [flow for block in blocks for flow in _flows(block, styles)],
        onFirstPage=footer, onLaterPages=footer,
    )  # fmt: skip
    return buffer.getvalue()


def _flows(block: Block, styles: dict[str, ParagraphStyle]) -> list[Any]:
    if block.kind == "page":
        return [PageBreak()]
    if block.kind in {"rows", "facts"}:
        return [_table(block, styles), Spacer(1, 7)]
    if block.kind == "table":
        return [_columns(block, styles), Spacer(1, 7)]
    if block.kind == "items":
        return [
            Paragraph(_safe(item), styles["items"], bulletText=f"{number}.")
            for number, item in enumerate(block.items, start=1)
        ]
    return [Paragraph(_safe(part), styles[block.kind]) for part in block.text.split("\n") if part]


def _safe(text: str) -> str:
    """What a person wrote is no markup."""
    return escape(text, quote=False)


def _table(block: Block, styles: dict[str, ParagraphStyle]) -> Table:
    is_facts = block.kind == "facts"
    right = styles["cell" if is_facts else "right"]
    rows = [
        [Paragraph(_safe(label), styles["cell"]), Paragraph(_safe(value), right)]
        for label, value in block.rows
    ]
    return Table(
        rows, colWidths=[55 * mm, 105 * mm] if is_facts else [110 * mm, 50 * mm], style=RULED
    )


def _columns(block: Block, styles: dict[str, ParagraphStyle]) -> Table:
    """The head stands again on every page that the table runs on to."""
    last = len(block.head) - 1
    size, widths = SIZES[0], [w * mm for w in block.widths]
    if not widths:
        size, widths = _fitted([block.head, *block.rows])

    def row(cells: Sequence[str], name: str) -> list[Paragraph]:
        return [
            Paragraph(_safe(text), _sized(styles[f"{name}-right" if at == last else name], size))
            for at, text in enumerate(cells)
        ]

    rows = [row(block.head, "col-head"), *(row(cells, "col") for cells in block.rows)]
    style = (
        ("LEFTPADDING", (0, 0), (-1, -1), BETWEEN / 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), BETWEEN / 2),
        *RULED,
    )
    return Table(rows, colWidths=widths, repeatRows=1, style=style)


def _sized(style: ParagraphStyle, size: float) -> ParagraphStyle:
    if size == style.fontSize:
        return style
    return ParagraphStyle(style.name, parent=style, fontSize=size, leading=size * 1.4)


def _fitted(rows: Sequence[Sequence[str]]) -> tuple[float, list[float]]:
    """Size of the letters and widths of the columns, in points: what a no-break space holds
    together stays on one line, and what room is left goes to texts that would break elsewhere."""
    for size in SIZES:
        columns = list(zip(*rows, strict=True))
        needed = [max(_wide(part, size) for text in column for part in text.split(" "))
                  for column in columns]  # fmt: skip
        if sum(needed) <= PAGE_WIDTH:
            break
    spare = max(PAGE_WIDTH - sum(needed), 0)
    wished = [max(_wide(text, size) for text in column) - need
              for column, need in zip(columns, needed, strict=True)]  # fmt: skip
    given = min(spare / (sum(wished) or 1), 1)
    widths = [need + wish * given for need, wish in zip(needed, wished, strict=True)]
    widths[0] += max(PAGE_WIDTH - sum(widths), 0)
    # Too broad even in small letters: then something breaks after all.
    return size, [width * min(PAGE_WIDTH / sum(widths), 1) for width in widths]


def _wide(text: str, size: float) -> float:
    """With the room beside it; a little is added, since reportlab adds up words one by one."""
    return float(pdfmetrics.stringWidth(text, "ck-bold", size)) + BETWEEN + 0.5
