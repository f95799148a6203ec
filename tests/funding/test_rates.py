"""Exchange rates from a file: a sentence beside each wrong row, and all rows or none."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from backend.core.errors import DomainError
from backend.funding.actions import rates
from backend.funding.models import FxRate, RateProposal
from backend.funding.rates import read_rates
from tests.factories import an_investor, an_officer, some_rates

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
HEAD = "base,quote,rate,as_of,source,sample\n"
GOOD = (
    HEAD + "USD,VND,26310.5,2026-11-26,Ngân hàng ví dụ,no\nJPY,VND,170,2026-11-26,Ngân hàng,yes\n"
)


def problems(row: str) -> tuple[str, ...]:
    return read_rates(HEAD + row, {"USD": Decimal(26000)}, NOW).rows[0].problems


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("XXX,VND,1,2026-11-26,s,", "base"), ("VND,VND,1,2026-11-26,s,", "base"),
        ("USD,EUR,1,2026-11-26,s,", "quote"), ("USD,VND,0,2026-11-26,s,", "rate"),
        ("USD,VND,-1,2026-11-26,s,", "rate"), ("USD,VND,1e309,2026-11-26,s,", "rate"),
        ("USD,VND,NaN,2026-11-26,s,", "rate"), ("USD,VND,26.310.5,2026-11-26,s,", "rate"),
        ('USD,VND,"26,310",2026-11-26,s,', "rate"), ("USD,VND,٢٦٣١٠,2026-11-26,s,", "rate"),
        ("USD,VND,26310,26/11/2026,s,", "as_of"), ("USD,VND,26310,2026-11-28,s,", "ahead"),
        ("USD,VND,26310,2026-11-26,,", "source"), ("USD,VND,26310,2026-11-26,s,maybe", "sample"),
        ("USD,VND,0.00000000001,2026-11-26,s,", "rate"),
        (f"USD,VND,26310,2026-11-26,{'s' * 121},", "source"),
    ],
    ids=lambda v: ascii(v)[:30],
)  # fmt: skip
def test_each_wrong_row_says_what_is_wrong(row: str, code: str) -> None:
    assert code in problems(row)


def test_a_rate_that_moved_far_is_shown_and_a_row_twice_is_refused() -> None:
    found = read_rates(HEAD + "USD,VND,260000,2026-11-26,s,\n" * 2, {"USD": Decimal(26000)}, NOW)
    assert [row.jump for row in found.jumps] == [Decimal(9)]
    assert found.rows[1].problems == ("twice",)
    assert not found.is_good


def stored(text: str, *, jumps_checked: bool = False) -> int:
    """A file that one officer proposes and another stores."""
    row = rates.propose_rates(text, by=an_officer("finance"), jumps_checked=jumps_checked)
    return rates.store_rates(row, by=an_officer("finance"), jumps_checked=jumps_checked)


@pytest.mark.django_db
def test_all_rows_or_none_and_a_stored_rate_never_changes() -> None:
    officer = an_officer("finance")
    with pytest.raises(DomainError):
        rates.propose_rates(GOOD + "USD,VND,0,2026-11-26,s,\n", by=officer)
    with pytest.raises(DomainError):
        rates.propose_rates(GOOD, by=an_officer())
    assert not RateProposal.objects.exists()
    assert stored(GOOD) == 2
    assert stored(GOOD) == 0
    assert set(FxRate.objects.filter(is_sample=True).values_list("base", flat=True)) == {"JPY"}
    with pytest.raises(DomainError) as caught, transaction.atomic():
        stored(GOOD.replace("26310.5", "26311"))
    assert caught.value.code == "rate_stored"
    far = HEAD + "USD,VND,2631,2026-11-26T09:00,b,\n"
    with pytest.raises(DomainError) as caught:
        rates.propose_rates(far, by=officer)
    assert caught.value.code == "jumps"
    assert stored(far, jumps_checked=True) == 1


@pytest.mark.django_db
def test_no_rate_is_stored_by_one_person_alone() -> None:
    """Not even one that moved by nothing: a rate decides what a pledge counts for."""
    one, other = an_officer("finance"), an_officer("finance")
    row = rates.propose_rates(GOOD, by=one)
    assert not FxRate.objects.exists()
    for by, code in ((one, "same_person"), (an_officer("lead"), "not_allowed")):
        with pytest.raises(DomainError) as caught, transaction.atomic():
            rates.store_rates(row, by=by)
        assert caught.value.code == code
    with pytest.raises(DomainError) as caught, transaction.atomic():
        rates.propose_rates(GOOD, by=other)
    assert caught.value.code == "waits"
    with pytest.raises(IntegrityError, match="rate_file_by_two"), transaction.atomic():
        RateProposal.objects.filter(pk=row.pk).update(
            outcome="stored", decided_by=one, decided_at=row.proposed_at
        )
    assert rates.store_rates(row, by=other) == 2
    for verb in (rates.store_rates, rates.refuse_rates):
        with pytest.raises(DomainError) as caught, transaction.atomic():
            verb(row, by=other)
        assert caught.value.code == "wrong_state"
    again = rates.propose_rates(GOOD.replace("26310.5", "26400").replace("-26", "-25"), by=one)
    rates.refuse_rates(again, by=one)
    assert FxRate.objects.count() == 2


@pytest.mark.django_db
def test_a_source_is_read_each_day_and_a_wrong_one_stores_nothing(
    settings: Any, tmp_path: Path
) -> None:
    assert rates.fetch_rates() == 0
    file = tmp_path / "rates.csv"
    settings.FX_RATE_FILE = str(file)
    assert rates.fetch_rates() == 0
    file.write_text(GOOD, encoding="utf-8")
    assert rates.fetch_rates() == 2
    file.write_bytes(b"\xff\xfe")
    assert rates.fetch_rates() == 0
    assert FxRate.objects.count() == 2


@pytest.mark.django_db
def test_the_page_previews_proposes_and_another_person_stores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.accounts.permissions.staff_code_problem", lambda request: None)
    address = reverse("home:rates")
    client = Client()
    assert client.get(address).status_code == 302
    for role, status in (("auditor", 403), ("lead", 403), ("finance", 200)):
        client.force_login(an_officer(role))
        assert client.get(address).status_code == (200 if role == "auditor" else status)
        sent = client.post(address, {"upload": SimpleUploadedFile("r.csv", GOOD.encode())})
        assert sent.status_code == status
    for content in (
        b"\xff\xfe",
        b"a,b\n",
        HEAD.encode(),
        b"\0",
        (HEAD + "USD,VND,0,x,,\n").encode(),
    ):
        sent = client.post(address, {"upload": SimpleUploadedFile("r.csv", content)})
        assert sent.status_code == 400
    assert client.post(address, {"text": GOOD}).status_code == 302
    assert not FxRate.objects.exists()
    row = RateProposal.objects.get()
    page, away = (
        reverse(f"home:{n}", args=[row.public_id]) for n in ("rate_file", "rate_file_refuse")
    )
    assert page in client.get(address).content.decode()
    assert (client.get(page).status_code, client.post(page).status_code) == (200, 400)
    for role in ("auditor", "lead"):
        client.force_login(an_officer(role))
        assert client.get(page).status_code == (200 if role == "auditor" else 403)
        assert {client.post(url).status_code for url in (page, away)} == {403}
    client.force_login(an_investor())
    assert {client.get(url).status_code for url in (address, page)} == {403}
    assert not FxRate.objects.exists()
    client.force_login(an_officer("finance"))
    assert (client.post(page).status_code, FxRate.objects.count()) == (302, 2)
    assert {client.get(page).status_code, client.post(away).status_code} == {404}
    some_rates()
