"""A card number is found however it is written, and nothing else is taken for one."""

import pytest
from django import forms
from django.test import Client, RequestFactory

from backend.core.card_checks import BankText
from backend.core.card_numbers import has_card_number, without_card_numbers
from backend.core.errors import Invalid
from backend.core.web import words_of

VISA = "4242424242424242"
CARDS = (
    VISA, "4242 4242 4242 4242", "4242-4242-4242-4242", "4242.4242.4242.4242", f"my card: {VISA}.",
    "card4242424242424242", "3782 822463 10005", "378282246310005", "5555555555554444",
    "2223 0031 2200 3222", "6011111111111117", "3566002020360505", "30569309025904",
    "4222222222222", "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "４２４２４２４２４２４２４２４２",
    "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "4242\u00a04242\u00a04242\u00a04242", "4242–4242–4242–4242",
    "9704000000000018", "số thẻ4242424242424242",
)  # fmt: skip
NO_CARDS = (
    "", "0912 345 678", "+84 912 345 678", "+4915123456789", "0301234567", "0301234567-001",
    "4201234560-001", "4242424242424241", "4.242.424.242.424", "4 242 424 242 424",
    "2021 2022 2023 2024 2025", "41 42 43 44 45 46 47 48", "079123456789", "978-604-1-23456-7",
    "2026-11-26 17:50:00 2026-11-27", "prj_7k2m9q4x1z8v5c3b6n0d", "1.284.500.000 ₫",
    "10.7759, 106.7004", "f4242424242424242ad0c9", "12345678901234567890123456789",
)  # fmt: skip


@pytest.mark.parametrize("text", CARDS, ids=ascii)
def test_a_card_number_is_found(text: str) -> None:
    assert has_card_number(text)


@pytest.mark.parametrize("text", NO_CARDS, ids=ascii)
def test_nothing_else_is_taken_for_one(text: str) -> None:
    assert not has_card_number(text)


@pytest.mark.parametrize("text", [*CARDS, *NO_CARDS], ids=ascii)
def test_a_draft_is_kept_without_the_digits_of_a_card(text: str) -> None:
    kept = without_card_numbers(text)
    assert not has_card_number(kept)
    assert len(kept) == len(text)
    assert (kept == text) == (text in NO_CARDS)


def test_every_text_field_of_a_form_refuses_one_and_a_banks_field_takes_it() -> None:
    class Some(forms.Form):
        words = forms.CharField(widget=forms.Textarea)
        reference = BankText(max_length=40)

    form = Some({"words": f"pay with {VISA}", "reference": VISA})
    assert not form.is_valid()
    assert list(form.errors) == ["words"]


def test_a_text_that_no_form_reads_is_refused_too() -> None:
    request = RequestFactory().post("/", {"reason": f"{VISA} x", "note": "fine"})
    assert words_of(request, "note") == "fine"
    with pytest.raises(Invalid) as caught:
        words_of(request, "reason")
    assert (caught.value.code, caught.value.field) == ("card_number", "reason")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/vi/projects/", "/en/search/", "/en/", "/api/v1/projects/"])
def test_a_card_number_in_an_address_is_refused_and_not_repeated(client: Client, path: str) -> None:
    answer = client.get(path, {"q": "4242 4242 4242 4242", "query": VISA})
    assert answer.status_code == 400
    body = answer.content.decode()
    assert "4242" not in body
    assert ("card_number" in body) == path.startswith("/api")
    assert client.get("/api/v1/projects/", {"cursor": VISA}).status_code != 500
