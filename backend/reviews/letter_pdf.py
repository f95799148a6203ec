"""A letter as the PDF that is kept: Vietnamese first, then its translation."""

from backend.core.pdf import Block, pdf_from
from backend.reviews import letters
from backend.reviews.models import Letter


def pdf_of(letter: Letter) -> bytes:
    """Both languages in one file. Before the signature it says that it is a draft."""
    blocks = [
        *letters.blocks_of(letter, "vi"),
        Block("page"),
        Block("small", "Translation. The Vietnamese text decides."),
        *letters.blocks_of(letter, "en"),
    ]
    title = letter.body["vi"]["title"]
    foot = " · ".join(
        filter(None, ["Cầu Kiều", letter.body["reference"], letters.number_of(letter)])
    )
    return pdf_from(blocks, title=title, foot=foot, language="vi")
