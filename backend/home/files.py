"""Handing out the bytes of a document so that nothing in them can run."""

from django.core.files.storage import default_storage
from django.http import FileResponse
from django.utils.translation import gettext_lazy as _

from backend.core.errors import Conflict
from backend.projects.document_actions import path_of
from backend.projects.models_owner import Document
from backend.projects.uploads import JPEG, PNG

# Nothing in a file may run, reach out or frame: whatever it is, the browser only shows or saves it.
SAFE = "sandbox; default-src 'none'; img-src 'self'; style-src 'none'"


def file_response(row: Document, *, view: bool) -> FileResponse:
    """The bytes, to be saved; with `view`, a picture is shown instead. Conflict `file_lost` when
    the store does not have them, or not all of them."""
    shown = view and row.media_type in {PNG, JPEG}
    path = path_of(row.sha256)
    if not default_storage.exists(path) or default_storage.size(path) != row.size_bytes:
        raise Conflict(
            _("The store has lost this file. Whoever runs the site can bring it from a backup."),
            code="file_lost",
        )
    response = FileResponse(
        default_storage.open(path),
        as_attachment=not shown,
        filename=row.file_name,
        content_type=row.media_type,
    )
    response.headers["Content-Security-Policy"] = SAFE
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
