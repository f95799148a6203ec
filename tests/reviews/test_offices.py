"""Offices in versions: who changes one, what is kept, and what was said under an older name."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from backend.accounts import actions as accounts
from backend.accounts.models import CityOffice, OfficeVersion, User
from backend.accounts.queries import office_once_called, office_versions
from backend.core.audit import events_of
from backend.core.errors import Conflict, ManyInvalid, NotAllowed
from backend.reviews import letters
from backend.reviews.models import Letter
from tests import factories
from tests.reviews.desk import sign_in

pytestmark = pytest.mark.django_db

NEW = {"name_vi": "Phòng Đổi mới", "name_en": "Innovation unit", "reason": "Sắp xếp lại bộ máy"}


def change(office: CityOffice, by: User, **values: Any) -> CityOffice:
    return accounts.change_office(
        office, by=by, **{**NEW, "fields": [], "expected": office.number, **values}
    )


def test_a_new_name_is_a_new_version_and_the_old_one_is_kept() -> None:
    office = factories.an_office()
    old, lead = (office.name_vi, office.name_en), factories.an_officer("lead")
    changed = change(office, lead, fields=["smart_manufacturing"])
    changed = change(changed, lead, name_en="", reason="Bỏ tên tiếng Anh")
    assert [
        (v.number, v.name_vi, v.name_en, v.fields, v.written_by, v.reason)
        for v in office_versions(changed)
    ] == [
        (3, NEW["name_vi"], NEW["name_vi"], [], lead, "Bỏ tên tiếng Anh"),
        (2, NEW["name_vi"], NEW["name_en"], ["smart_manufacturing"], lead, NEW["reason"]),
        (1, *old, [], None, ""),
    ]
    assert [(e.actor, e.data["number"]) for e in events_of(office)] == [
        (lead.public_id, 2), (lead.public_id, 3),
    ]  # fmt: skip
    auditor = factories.an_officer("auditor", office=office)
    assert office_once_called(old[1]) == office_once_called(NEW["name_vi"]) == office
    said = sign_in(auditor).get(reverse("office:offices")).content.decode()
    assert all(words in said for words in (*old, NEW["name_en"], NEW["reason"], lead.full_name))


def test_an_office_that_was_opened_says_by_whom() -> None:
    lead = factories.an_officer("lead")
    office = accounts.open_office("Phòng Mới", "", fields=[], by=lead)
    assert [(v.number, v.written_by, bool(v.written_at)) for v in office_versions(office)] == [
        (1, lead, True)
    ]
    with pytest.raises(ManyInvalid):
        accounts.open_office("x" * 201, "", fields=[], by=lead)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name_vi": " "}, "name_vi"),
        ({"name_vi": "x" * 10_000}, "name_vi"),
        ({"name_en": "x" * 201}, "name_en"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 501}, "reason"),
        ({"reason": "Thẻ 4242 4242 4242 4242"}, "reason"),
        ({"number": "1e309"}, ""),
        ({"number": "2"}, ""),
    ],
)
def test_what_does_not_fit_is_said_and_what_was_typed_is_kept(
    sent: dict[str, str], field: str
) -> None:
    office, lead = factories.an_office(), factories.an_officer("lead")
    form = NEW | {"number": "1", "fields": "smart_manufacturing"} | sent
    response = sign_in(lead).post(reverse("office:office", args=[office.public_id]), form)
    assert response.status_code == 400
    assert set(response.context["errors"]) == {field}
    assert response.context["typed"] == {name: form[name] for name in NEW}
    assert [k for k, _label, is_on in response.context["field_choices"] if is_on] == [
        "smart_manufacturing"
    ]
    assert CityOffice.objects.get(pk=office.pk).number == 1


def test_the_same_again_is_no_version_and_of_two_leads_the_second_is_told() -> None:
    office, lead = factories.an_office(), factories.an_officer("lead")
    with pytest.raises(ManyInvalid) as same:
        change(office, lead, name_vi=office.name_vi, name_en=office.name_en)
    assert [e.code for e in same.value.errors] == ["nothing_changed"]
    change(office, lead)
    other = factories.an_officer("lead", office=office)
    with pytest.raises(Conflict) as late:
        change(office, other, name_vi="Tên khác", expected=1)
    assert late.value.code == "version_changed"
    assert OfficeVersion.objects.count() == 1


def test_only_a_lead_of_the_office_changes_it() -> None:
    office, elsewhere = factories.an_office(), factories.an_office("Other office")
    path = reverse("office:office", args=[office.public_id])
    form = NEW | {"number": "1"}
    people = [factories.an_officer(role) for role in ("case_officer", "signer", "auditor")]
    people.append(factories.an_officer("lead", office=elsewhere))
    for person in people:
        client = sign_in(person)
        assert "<form" not in client.get(path).content.decode().split("<h1")[1].split("<footer")[0]
        assert client.post(path, form).status_code == 400
        with pytest.raises(NotAllowed):
            change(office, person)
    for person in (factories.a_user(), factories.an_officer("finance")):
        assert sign_in(person).post(path, form).status_code == 403
    assert Client().post(path, form).status_code == 302
    assert not OfficeVersion.objects.exists()
    lead = sign_in(factories.an_officer("lead"))
    assert lead.get(reverse("office:office", args=["off_none"])).status_code == 404
    assert lead.post(path, form).status_code == 302
    assert CityOffice.objects.get(pk=office.pk).name_vi == NEW["name_vi"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE accounts_cityoffice SET name_vi = 'Khác'",
        "UPDATE accounts_cityoffice SET name_vi = 'Khác', number = number + 1",
        "UPDATE accounts_cityoffice SET number = 1, reason = 'Khác'",
        "UPDATE accounts_officeversion SET name_vi = 'Khác'",
        "DELETE FROM accounts_officeversion",
        "INSERT INTO accounts_officeversion (office_id, number, name_vi, name_en, fields, reason) "
        "SELECT id, 7, 'Chưa từng', 'Never', '{}', '' FROM accounts_cityoffice",
    ],
)
def test_the_database_keeps_the_versions(statement: str) -> None:
    change(factories.an_office(), factories.an_officer("lead"))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_letters_and_public_reviews_keep_the_name_of_their_time() -> None:
    project = factories.a_listed_project()
    office = factories.an_office()
    changed = change(office, factories.an_officer("lead"))
    for language, old, new in (
        ("vi", office.name_vi, changed.name_vi), ("en", office.name_en, changed.name_en),
    ):  # fmt: skip
        page = Client().get(f"/{language}/projects/{project.slug}/review/").content.decode()
        assert old in page
        assert new not in page
        letter = Letter.objects.get(decision__version__project=project)
        assert old in {block.text for block in letters.blocks_of(letter, language)}
