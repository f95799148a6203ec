"""Files of a proposal: add, remove, and read safely."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from backend.accounts.models import User
from backend.core.errors import DomainError, Invalid
from backend.core.upload_limit import MAX_BYTES, was_too_big
from backend.home.files import file_response
from backend.home.me_pages import person_of
from backend.home.owner.frame import frame_of
from backend.home.owner.small_forms import DocumentForm
from backend.home.owner.stash import keep_and_sign_in, kept_for
from backend.home.owner.words import SECTION_WORDS
from backend.projects.document_actions import (
    MEGABYTE,
    UNFIT,
    add_document,
    document_for,
    read_upload,
    remove_document,
)
from backend.projects.models_owner import Document
from backend.projects.owner_queries import proposal_for


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def documents(request: HttpRequest, key: str) -> HttpResponse:
    if not isinstance(request.user, User):
        return keep_and_sign_in(request)
    user = request.user
    project = proposal_for(user, key)
    frame = frame_of(project, user)
    if not frame.may_edit:
        messages.info(request, _("This proposal cannot be edited now. Here is where it stands."))
        return redirect("owner:proposal", project.public_id)
    form = _form_to_show(request)
    if request.method == "POST" and form.is_valid():
        try:
            file = read_upload(*_upload_of(request))
            add_document(project, file, by=user, **form.cleaned_data)
        except DomainError as refused:
            field = refused.field if refused.field in form.fields else None
            form.add_error(field, str(refused))
        else:
            messages.success(request, _("The file is kept."))
            return redirect("owner:documents", project.public_id)
    context: dict[str, Any] = {
        "frame": frame,
        "project": project,
        "form": form,
        "task": frame.task("documents"),
        "words": SECTION_WORDS["documents"],
        "rows": Document.objects.filter(project=project, removed_at__isnull=True),
        "next_task": frame.after("documents"),
    }
    return render(request, "owner/documents.html", context, status=400 if form.errors else 200)


def _form_to_show(request: HttpRequest) -> DocumentForm:
    """What was sent, or what was typed before a sign-in. A stranger's file is not kept."""
    if request.method == "POST":
        return DocumentForm(request.POST)
    before = kept_for(request)
    if before is None:
        return DocumentForm()
    messages.info(
        request, _("Your sign-in had expired. What you typed is here; choose the file again.")
    )
    return DocumentForm(initial={name: values[0] for name, values in before.items() if values})


def _upload_of(request: HttpRequest) -> tuple[bytes, str]:
    """The posted bytes and their name; Invalid when there are none or too many."""
    if was_too_big(request):
        raise Invalid(
            UNFIT["too_big"], code="too_big", field="file", max=MAX_BYTES // MEGABYTE
        )  # fmt: skip
    upload = request.FILES.get("file")
    if not isinstance(upload, UploadedFile):
        raise Invalid(_("Choose a file"), code="missing", field="file")
    return upload.read(), upload.name or ""


@never_cache
@login_required
@require_POST
def remove(request: HttpRequest, key: str, document: str) -> HttpResponse:
    user = person_of(request)
    project = proposal_for(user, key)
    row = get_object_or_404(Document, project=project, public_id=document)
    remove_document(row, by=user)
    messages.success(request, _("The file is taken off."))
    return redirect("owner:documents", project.public_id)


@never_cache
@require_safe
def read(request: HttpRequest, key: str, document: str) -> HttpResponseBase:
    """The bytes, to be saved; pictures may be shown with `?view=1`."""
    row = document_for(request.user, key, document)
    return file_response(row, view=request.GET.get("view") == "1")
