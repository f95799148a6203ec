"""Documents on paper."""

from backend.core.pdf import Block, pdf_from


def test_a_heading_is_bold_beside_its_text() -> None:
    """Two weights under one name would be embedded as one font, and no heading would stand out."""
    blocks = [Block("title", "Quyết định"), Block("text", "Kính gửi: Nguyễn Văn Ấn")]
    paper = pdf_from(blocks, title="Quyết định", foot="Cầu Kiều", language="vi")
    assert b"PublicSans-Bold" in paper and b"PublicSans-Regular" in paper
