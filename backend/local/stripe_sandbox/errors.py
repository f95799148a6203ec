"""Refusals in the form that Stripe gives them."""

from typing import Any


class Refusal(Exception):
    """An error answer: `status` of HTTP and the `error` object. `keep`: an idempotency key that
    came with the call keeps it (Stripe keeps what happened after execution began)."""

    def __init__(
        self,
        status: int,
        type_: str,
        message: str,
        *,
        keep: bool = True,
        headers: dict[str, str] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(message)
        self.http_status = status
        self.error = {"type": type_, "message": message, **fields}
        self.keep = keep
        self.headers = headers or {}


def invalid(message: str, *, param: str | None = None, code: str | None = None) -> Refusal:
    fields: dict[str, Any] = {k: v for k, v in (("param", param), ("code", code)) if v}
    return Refusal(400, "invalid_request_error", message, keep=False, **fields)


def missing(kind: str, id_: str) -> Refusal:
    return Refusal(
        404, "invalid_request_error", f"No such {kind}: '{id_}'", keep=False,
        code="resource_missing", param="id",
    )  # fmt: skip


def unexpected_state(object_: dict[str, Any], wanted: str) -> Refusal:
    kind = object_["object"]
    fields: dict[str, Any] = {"code": f"{kind}_unexpected_state", kind: object_}
    return Refusal(
        400, "invalid_request_error",
        f"This {kind}'s status is {object_['status']}; it cannot {wanted}.",
        **fields,
    )  # fmt: skip
