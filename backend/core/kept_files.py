"""Files of a form that comes back: with a mistake in a field, or after the password was asked for.

A browser never fills a file field again by itself. What was attached stands in the store under a
random name for an hour. Only the session that sent it knows the name; the form carries a token, so
that no file joins a form whose sender did not see it there.
"""

import secrets
import time
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse

SESSION_KEY = "kept_files"
FIELD = "kept_files"
FOLDER = "kept"
LASTS_S = 3600
MOST_FILES = 10
MOST_BYTES = 10 * 1024 * 1024

View = Callable[..., HttpResponse]


def keep(request: HttpRequest, *, without: Collection[str] = ()) -> None:
    """Keep what is attached to this POST, fields `without` apart, and let its token travel in the
    form. What is too large for any form of ours is not kept."""
    chosen = [
        (field, upload)
        for field, uploads in request.FILES.lists()
        for upload in uploads[:MOST_FILES]
        if field not in without and (upload.size or 0) <= MOST_BYTES
    ]
    if not chosen:
        return
    forget(request)
    files = []
    for field, upload in chosen:
        upload.seek(0)
        name = f"{FOLDER}/{secrets.token_hex(16)}"
        stored = default_storage.save(name, ContentFile(upload.read()))
        files.append({"field": field, "name": upload.name, "stored": stored})
    kept: dict[str, Any] = {
        "token": secrets.token_urlsafe(16), "path": request.path, "until": time.time() + LASTS_S,
        "user": str(request.user.pk), "files": files,
    }  # fmt: skip
    request.session[SESSION_KEY] = kept
    request.kept_files = kept  # type: ignore[attr-defined]
    data = request.POST.copy()
    data[FIELD] = kept["token"]
    request.POST = data  # type: ignore[assignment]


def give_back(request: HttpRequest) -> None:
    """Attach to this POST what was kept for it, where nothing newer was chosen."""
    kept = request.session.get(SESSION_KEY)
    if not kept or request.POST.get(FIELD) != kept["token"]:
        return
    is_for_this = (kept["path"], kept["user"]) == (request.path, str(request.user.pk))
    if not is_for_this or kept["until"] < time.time():
        return
    found: dict[str, list[SimpleUploadedFile]] = {}
    for one in kept["files"]:
        if one["field"] not in request.FILES and default_storage.exists(one["stored"]):
            with default_storage.open(one["stored"]) as file:
                found.setdefault(one["field"], []).append(
                    SimpleUploadedFile(one["name"], file.read())
                )
    for field, uploads in found.items():
        request.FILES.setlist(field, uploads)  # type: ignore[arg-type]


def forget(request: HttpRequest) -> None:
    """Delete what this session kept."""
    kept = request.session.pop(SESSION_KEY, None)
    for one in kept["files"] if kept else ():
        default_storage.delete(one["stored"])


def keeps_files(view: View) -> View:
    """Decorator of a view with a file field: what was kept takes part in its POST, and is deleted
    once the form was taken."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        give_back(request)
        response = view(request, *args, **kwargs)
        if response.status_code == 302 and request.POST.get(FIELD):
            forget(request)
        return response

    return wrapped


def sweep() -> None:
    """Delete what nobody came back for."""
    if not default_storage.exists(FOLDER):
        return
    for name in default_storage.listdir(FOLDER)[1]:
        path = f"{FOLDER}/{name}"
        if default_storage.get_modified_time(path).timestamp() < time.time() - 2 * LASTS_S:
            default_storage.delete(path)
