"""The demo people of a newcomer's first run. Development and test only; production refuses them.

They walk the same actions as everybody. Password and code secrets are public on purpose: they stand
in this file, `./scripts/run` prints them, and the local outbox shows the codes of the moment.
"""

from dataclasses import dataclass
from functools import lru_cache

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from backend.accounts import actions
from backend.accounts.models import CityOffice, Role, User
from backend.accounts.queries import office_once_called
from backend.accounts.sealed import seal, unseal
from backend.core.clock import DEMO_ENVIRONMENTS

PASSWORD = "bac cau kieu 2026"  # noqa: S105
OFFICE_EN = "HCMC C4IR, review desk"
OFFICE_VI = "Trung tâm Cách mạng công nghiệp lần thứ tư, bộ phận thẩm định"


@dataclass(frozen=True)
class DemoPerson:
    """How one demo person signs in; `code_secret` (base 32) only for people of the office."""

    key: str
    full_name: str
    email: str
    language: str
    time_zone: str
    role: str = ""
    code_secret: str = ""


PEOPLE = (
    DemoPerson("investor_us", "Trần Mai Anh", "mai@caukieu.example", "vi", "America/Los_Angeles"),
    DemoPerson("investor_jp", "Lê Quốc Huy", "huy@caukieu.example", "en", "Asia/Tokyo"),
    DemoPerson("owner", "Phạm Hồng Vân", "van@caukieu.example", "vi", "Asia/Ho_Chi_Minh"),
    DemoPerson("colleague", "Võ Minh Khôi", "khoi@caukieu.example", "vi", "Asia/Ho_Chi_Minh"),
    DemoPerson(
        "case_officer_1", "Nguyễn Thanh Tùng", "tung@caukieu.example", "vi", "Asia/Ho_Chi_Minh",
        Role.CASE_OFFICER, "CAUKIEUDEMOCASEOFFICERAAAAAAAAAA",
    ),
    DemoPerson(
        "case_officer_2", "Đặng Thùy Dương", "duong@caukieu.example", "vi", "Asia/Ho_Chi_Minh",
        Role.CASE_OFFICER, "CAUKIEUDEMOCASEOFFICERBBBBBBBBBB",
    ),
    DemoPerson(
        "lead", "Huỳnh Ngọc Bảo", "bao@caukieu.example", "vi", "Asia/Ho_Chi_Minh",
        Role.LEAD, "CAUKIEUDEMOLEADAAAAAAAAAAAAAAAAA",
    ),
    DemoPerson(
        "signer", "Phan Kim Oanh", "oanh@caukieu.example", "vi", "Asia/Ho_Chi_Minh",
        Role.SIGNER, "CAUKIEUDEMOSIGNERAAAAAAAAAAAAAAA",
    ),
    DemoPerson(
        "finance_1", "Bùi Đức Long", "long@caukieu.example", "vi", "Asia/Ho_Chi_Minh",
        Role.FINANCE, "CAUKIEUDEMOFINANCEAAAAAAAAAAAAAA",
    ),
    DemoPerson(
        "finance_2", "Trịnh Hoài Nam", "nam@caukieu.example", "vi", "Asia/Ho_Chi_Minh",
        Role.FINANCE, "CAUKIEUDEMOFINANCEBBBBBBBBBBBBBB",
    ),
    DemoPerson(
        "auditor", "Lâm Gia Hân", "han@caukieu.example", "en", "Asia/Ho_Chi_Minh",
        Role.AUDITOR, "CAUKIEUDEMOAUDITORAAAAAAAAAAAAAA",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class DemoPeople:
    """The people that the sample world needs by name."""

    investors: tuple[User, User]
    owner: User
    colleague: User
    case_officers: tuple[User, User]
    lead: User
    signer: User
    finance: tuple[User, User]
    auditor: User


def create_demo_people() -> DemoPeople:
    """Add the demo people who are missing; ImproperlyConfigured outside development and test."""
    if settings.ENVIRONMENT not in DEMO_ENVIRONMENTS:
        raise ImproperlyConfigured("Demo people exist only in development and test.")
    with transaction.atomic():
        rows = {person.key: _one(person) for person in PEOPLE}
    return DemoPeople(
        investors=(rows["investor_us"], rows["investor_jp"]),
        owner=rows["owner"],
        colleague=rows["colleague"],
        case_officers=(rows["case_officer_1"], rows["case_officer_2"]),
        lead=rows["lead"],
        signer=rows["signer"],
        finance=(rows["finance_1"], rows["finance_2"]),
        auditor=rows["auditor"],
    )


@lru_cache(maxsize=1)
def _hash() -> str:
    """One hash for all: the password is public, and hashing is slow on purpose."""
    return make_password(PASSWORD)


def _one(person: DemoPerson) -> User:
    found = User.objects.filter(email=person.email).first()
    if found:
        if person.role:
            _set_code(found, person.code_secret)
        return found
    user = actions.join(
        person.email, full_name=person.full_name, language=person.language, is_demo=True
    )
    user = actions.confirm_email(user, email=person.email)
    user.password = _hash()
    user.save(update_fields=["password"])
    user = actions.change_details(
        user,
        by=user,
        full_name=person.full_name,
        language=person.language,
        time_zone=person.time_zone,
    )
    if person.role:
        # A lead may have renamed it since.
        office = office_once_called(OFFICE_EN) or CityOffice.objects.create(
            name_en=OFFICE_EN, name_vi=OFFICE_VI
        )
        actions.add_to_office(user, office, person.role, by=None)
        _set_code(user, person.code_secret)
    return user


def _set_code(user: User, secret: str) -> None:
    """Also again, when SECRET_KEY was changed and the sealed secret can no longer be read."""
    totp = Authenticator.Type.TOTP
    row = Authenticator.objects.filter(user=user, type=totp).first()
    try:
        known = row is not None and unseal(row.data["secret"]) == secret
    except ValueError:
        known = False
    if not known:
        Authenticator.objects.update_or_create(
            user=user, type=totp, defaults={"data": {"secret": seal(secret)}}
        )
