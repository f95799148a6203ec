"""Adding and removing files of a proposal. The bytes stand in MEDIA_ROOT under their hash."""

from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import User
from backend.core import audit
from backend.core.clock import app_now
from backend.core.errors import Conflict, Invalid, NotFound
from backend.core.text import clean_text
from backend.core.upload_limit import MAX_BYTES
from backend.projects import permissions
from backend.projects.actions import check_may_be_edited, locked, open_version
from backend.projects.models import Project
from backend.projects.models_owner import Document, SectionState
from backend.projects.queries import project_for
from backend.projects.uploads import Checked, Unfit, checked
from backend.projects.workflow import PUBLIC

MAX_TITLE = 200
MAX_FILES = 30
MAX_ALL_BYTES = 100 * 1024 * 1024
MEGABYTE = 1024 * 1024
UNFIT = {
    "empty": _("The file is empty. Choose another one."),
    "too_big": _("The file is larger than %(max)s MB. Choose a smaller one."),
    "program": _("This is a program, whatever its name says. Programs are not kept."),
    "old_office": _("Save it in the newer form (.docx or .xlsx) or as PDF, then add it again."),
    "web_page": _("Web pages and SVG drawings can run scripts. Save it as PDF or PNG."),
    "locked": _("This PDF has a password. Save it without one, then add it again."),
    "broken": _("The file cannot be read. It may be damaged: save it again and add that copy."),
    "too_many_pages": _("This PDF has more than 1,000 pages. Split it."),
    "too_complex": _("This PDF has too many parts to look through. Print it to a new PDF first."),
    "active_pdf": _("This PDF runs a script or holds other files. Print it to a new PDF first."),
    "too_many_pixels": _("The picture has more than 40 million points. Make it smaller."),
    "macro": _("This file holds macros or other files. Save it without them."),
    "archive": _("Archives are not kept. Add the files one by one."),
    "bomb": _("This file would unpack to far more than it says. It is not kept."),
    "unknown": _("Add a PDF, PNG, JPEG, DOCX, XLSX, CSV or text file."),
}


def read_upload(content: bytes, name: str) -> Checked:
    """The file as it may be kept, or Invalid at the field `file` with what to do."""
    try:
        return checked(content, name)
    except Unfit as unfit:
        raise Invalid(
            UNFIT[unfit.code], code=unfit.code, field="file", max=MAX_BYTES // MEGABYTE
        ) from None


def path_of(sha256: str) -> str:
    """Where the bytes with this hash stand in the storage."""
    return f"documents/{sha256[:2]}/{sha256}"


def _keep_bytes(file: Checked) -> None:
    """Write the bytes where they are missing or where a write broke off: a file that the store lost
    comes back when it is added again."""
    path = path_of(file.sha256)
    if default_storage.exists(path):
        if default_storage.size(path) == len(file.content):
            return
        default_storage.delete(path)
    default_storage.save(path, ContentFile(file.content))


@transaction.atomic
def add_document(
    project: Project, file: Checked, *, by: User, title: str, language: str, is_public: bool
) -> Document:
    """Keep a checked file with the draft; the same file twice is one."""
    project = locked(project)
    permissions.check_is_owner(by, project)
    check_may_be_edited(project)
    title = " ".join(clean_text(title).split()) or file.file_name
    if len(title) > MAX_TITLE:
        raise Invalid(
            _("Use %(max)s characters or fewer. There are %(n)s now."), code="too_long",
            field="title", max=MAX_TITLE, n=len(title),
        )  # fmt: skip
    kept = Document.objects.filter(project=project, removed_at__isnull=True)
    same = kept.filter(sha256=file.sha256).first()
    size = kept.aggregate(size=Sum("size_bytes"))["size"] or 0
    is_full = kept.count() >= MAX_FILES or size + len(file.content) > MAX_ALL_BYTES
    if same is None and is_full:
        raise Conflict(
            _("A proposal holds %(files)s files and %(max)s MB at most. Remove one first."),
            code="full", field="file", files=MAX_FILES, max=MAX_ALL_BYTES // MEGABYTE,
        )  # fmt: skip
    _keep_bytes(file)
    if same is not None:
        return same
    document = Document.objects.create(
        project=project, title=title, language=language, file_name=file.file_name,
        media_type=file.media_type, size_bytes=len(file.content), sha256=file.sha256,
        is_public=is_public, added_by=by, added_at=app_now(),
    )  # fmt: skip
    _write_down(project, by, "document.added", document)
    return document


@transaction.atomic
def remove_document(document: Document, *, by: User) -> None:
    """Take a file off the draft; versions that were submitted with it keep it."""
    project = locked(document.project)
    permissions.check_is_owner(by, project)
    check_may_be_edited(project)
    removed = Document.objects.filter(pk=document.pk, removed_at__isnull=True)
    if removed.update(removed_at=app_now()):
        _write_down(project, by, "document.removed", document)


def _write_down(project: Project, by: User, code: str, document: Document) -> None:
    """The list of files is a part of the text, so that its hash covers them."""
    version = open_version(project)
    rows = Document.objects.filter(project=project, removed_at__isnull=True).order_by("id")
    listed: list[dict[str, Any]] = [
        {
            "id": d.public_id, "title": d.title, "language": d.language, "sha256": d.sha256,
            "file_name": d.file_name, "is_public": d.is_public,
        }
        for d in rows
    ]  # fmt: skip
    version.content = {k: v for k, v in version.content.items() if k != "documents"}
    version.content |= {"documents": listed} if listed else {}
    version.save(update_fields=["content", "updated_at"])
    project.save(update_fields=["current_version", "updated_at"])
    state, _created = SectionState.objects.get_or_create(project=project, section="documents")
    state.version, state.saved_by, state.saved_at = state.version + 1, by, app_now()
    state.save()
    data = {"document": document.public_id, "sha256": document.sha256}
    audit.record(code, by=by, subject=project, data=data)


def document_for(user: Any, key: str, public_id: str) -> Document:
    """A file that the person may read; NotFound otherwise.

    The owner's people read every file; everybody reads those marked as public once the project is
    listed. Officers have a door of their own, which asks for their office and their declaration
    first (reviews.case_file.document_of_case).
    """
    project = project_for(user, key)
    document = Document.objects.filter(project=project, public_id=public_id).first()
    if document is None:
        raise NotFound()
    inside = permissions.is_member_of(user, project.owner)
    is_open = document.is_public and document.removed_at is None and project.status in PUBLIC
    if not inside and not is_open:
        raise NotFound()
    return document


def public_documents_of(project: Project) -> list[Document]:
    """What everybody may read of a public project."""
    return list(Document.objects.filter(project=project, is_public=True, removed_at__isnull=True))
