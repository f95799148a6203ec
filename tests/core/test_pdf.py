"""Documents on paper."""

import io

import pypdf

from backend.core.formats import format_money_long
from backend.core.money import Money
from backend.core.pdf import Block, pdf_from


def test_a_heading_is_bold_beside_its_text() -> None:
    """Two weights under one name would be embedded as one font, and no heading would stand out."""
    blocks = [Block("title", "Quyết định"), Block("text", "Kính gửi: Nguyễn Văn Ấn")]
    paper = pdf_from(blocks, title="Quyết định", foot="Cầu Kiều", language="vi")
    assert b"PublicSans-Bold" in paper and b"PublicSans-Regular" in paper


def test_no_sum_of_a_broad_table_is_parted_from_its_unit() -> None:
    for language, head in (("vi", "Đang giữ"), ("en", "Calculated")):
        sums = [format_money_long(Money(84_310_000 * 10**n, "VND"), language) for n in range(5)]
        table = Block(
            "table", head=("Nước hoặc vùng lãnh thổ", *[head] * 5, "Number of people", "Year"),
            rows=(("New Zealand", *sums, "1,234", "2026"),),
        )  # fmt: skip
        paper = pdf_from([table], title="t", foot="f", language=language)
        text = pypdf.PdfReader(io.BytesIO(paper)).pages[0].extract_text()
        lines = [line.replace("\xa0", " ") for line in text.splitlines()]
        for money in sums:
            assert any(money.replace("\xa0", " ") in line for line in lines), lines
