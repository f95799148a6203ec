"""Who somebody is. `check_*` raises the sentence that the person reads.

`require_staff_code` is the gate in front of every staff page: the role, and a sign-in that passed
the six-digit code. Whoever has the role but no code yet is led to set it up first.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from backend.accounts.models import OfficeMembership, User
from backend.core.errors import NotAllowed

View = Callable[..., HttpResponse]


def roles_of(user: Any) -> frozenset[str]:
    """The person's roles in city offices; nobody who is signed out has one."""
    if not getattr(user, "is_authenticated", False):
        return frozenset()
    return frozenset(OfficeMembership.objects.filter(user=user).values_list("role", flat=True))


def check_is_self(by: Any, user: User) -> None:
    """What belongs to a person is changed by that person alone."""
    if getattr(by, "pk", None) != user.pk:
        raise NotAllowed(_("Only the person whose account it is can do this."))


def check_has_role(user: Any, *roles: str) -> None:
    """One of these roles in a city office, or any role when none is named."""
    check_roles(roles_of(user), *roles)


def check_roles(held: frozenset[str], *roles: str) -> None:
    """The same, for roles that were looked up already."""
    if not held:
        raise NotAllowed(_("This page is for people of a city office. The office can add you."))
    if roles and not held & set(roles):
        raise NotAllowed(
            _("This needs the role %(role)s. The city office can grant it."), role=" / ".join(roles)
        )


def has_code(user: Any) -> bool:
    """Whether the person has set up six-digit codes."""
    rows = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP)
    return bool(rows.exists())


def passed_code(request: HttpRequest) -> bool:
    """Whether this session was opened, or confirmed later, with a code."""
    user: Any = request.user
    return any(r.get("method") == "mfa" for r in get_authentication_records(request, user))


def staff_code_problem(request: HttpRequest) -> str | None:
    """What a person of an office still lacks: `set_up`, `confirm`, or None. For pages and API."""
    if not has_code(request.user):
        return "set_up"
    return None if passed_code(request) else "confirm"


def require_staff_code(*roles: str) -> Callable[[View], View]:
    """Decorator of staff pages: signed in, one of `roles` (or any), and past the code."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            held = roles_of(request.user)
            check_roles(held, *roles)
            # The menu of the office shows each person's own rooms.
            request.office_roles = held  # type: ignore[attr-defined]
            problem = staff_code_problem(request)
            if problem is not None:
                return _to_code(request, problem)
            return view(request, *args, **kwargs)

        return wrapped

    return decorate


def _to_code(request: HttpRequest, problem: str) -> HttpResponse:
    name = "mfa_activate_totp" if problem == "set_up" else "mfa_reauthenticate"
    if problem == "set_up":
        messages.info(request, _("People of a city office sign in with a code. Set it up first."))
    query = urlencode({"next": request.get_full_path()})
    return HttpResponseRedirect(f"{reverse(name)}?{query}")
