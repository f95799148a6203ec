"""Where a page ends: an opaque, signed position, bound to its question and its order."""

from django.core import signing
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Invalid

Position = list[int | str]
_signer = signing.Signer(salt="projects.search.cursor")
MAX_LENGTH = 1_000


def write_cursor(fingerprint: str, ordering: str, position: Position) -> str:
    """The position after the last row of a page, as text for an address."""
    return _signer.sign_object([fingerprint, ordering, *position], compress=True)


def read_cursor(cursor: str, fingerprint: str, ordering: str, size: int) -> Position:
    """The position in a cursor; Invalid when it was changed or belongs to another question."""
    try:
        if len(cursor) > MAX_LENGTH:
            raise signing.BadSignature
        of, by, *position = _signer.unsign_object(cursor)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise _refusal("cursor_invalid") from error
    if (of, by) != (fingerprint, ordering) or len(position) != size:
        raise _refusal("cursor_of_other_list")
    return list(position)


def _refusal(code: str) -> Invalid:
    message = _("This page address is not complete. Start again from the first page")
    return Invalid(message, code=code, field="cursor")
