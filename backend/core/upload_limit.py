"""Files larger than the limit are never written down; the form says so beside the field."""

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

MAX_BYTES = 20 * 1024 * 1024


class SizeLimit(FileUploadHandler):
    """First of the handlers: stops keeping a file at the limit and notes its name."""

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        if start + len(raw_data) > MAX_BYTES:
            self.request.too_big_file = self.file_name  # type: ignore[union-attr]
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def was_too_big(request: HttpRequest) -> bool:
    """Whether a file of this request was dropped for its size."""
    return hasattr(request, "too_big_file")
