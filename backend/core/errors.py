"""Every refusal is one of these: a stable code, a sentence that says what to do, a field.

One class, three renderers: page and htmx fragment (core.middleware), problem+json
(core.problem_json).
"""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from backend.core.formats import format_money
from backend.core.language import language_of_page
from backend.core.money import Money


class DomainError(Exception):
    """Something that a person asked for and that cannot be done, with the sentence they read."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    message: str | Promise = _("This cannot be done.")

    def __init__(
        self,
        message: str | Promise | None = None,
        *,
        code: str | None = None,
        field: str | None = None,
        **params: Any,
    ) -> None:
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code  # type: ignore[misc]
        self.field = field
        self.params = params
        super().__init__(self.code)

    def __str__(self) -> str:
        text = str(self.message)
        return text % _written_out(self.params) if self.params else text


def _written_out(params: dict[str, Any]) -> dict[str, Any]:
    """Sums as people of the active language write them."""
    language = language_of_page()
    return {
        name: format_money(value, language) if isinstance(value, Money) else value
        for name, value in params.items()
    }


class Invalid(DomainError):
    """The input does not fit; `field` says where."""

    code = "invalid"
    status = 400


class NotAllowed(DomainError):
    """The person may see the thing but lacks the role for this."""

    code = "not_allowed"
    status = 403
    message = _("Your account does not have the role for this.")


class NotFound(DomainError):
    """Absent, or not visible to this person: the two look the same."""

    code = "not_found"
    status = 404
    message = _("This page does not exist, or your account cannot open it")


class Conflict(DomainError):
    """The thing changed meanwhile, or is in a state that does not allow this."""

    code = "conflict"
    status = 409
    message = _("This changed in the meantime. Look at it again, then decide.")


class TooMany(DomainError):
    """A rate limit; `retry_after_s` says when to come back."""

    code = "too_many"
    status = 429
    message = _("Too many tries. Try again after %(clock)s")


class ManyInvalid(DomainError):
    """Several fields at once: `errors` is a list of `Invalid`, in the order of the form."""

    code = "invalid"
    status = 400
    message = _("There is a problem")

    def __init__(self, errors: list[Invalid]) -> None:
        super().__init__()
        self.errors = errors
