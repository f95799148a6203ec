"""No answer of the API mixes languages: what the framework says is said in ours."""

import inspect
from pathlib import Path

import pytest
import rest_framework
from django.contrib.auth.password_validation import validate_password
from django.core import validators
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import translation

from backend.core.framework_words import SENTENCES

PREVIEW = "/api/v1/matches/preview/"
BAD = {
    '{"country": "XX"}': "“XX” không có trong các lựa chọn.",
    '{"horizon_months": 1.5}': "Gửi một số nguyên.",
    '{"fields": "x"}': "Cần một danh sách, nhưng nhận được kiểu “str”.",
    '{"limit": 1000000}': "Gửi giá trị từ 100 trở xuống.",
    "[]": "Cần một đối tượng, nhưng nhận được list.",
}


def test_every_sentence_is_one_that_the_framework_says() -> None:
    source = inspect.getsource(validators)
    for file in Path(rest_framework.__file__).parent.glob("*.py"):
        source += file.read_text(encoding="utf-8")
    with translation.override("en"):
        missing = [str(s) for s in SENTENCES if str(s) not in source]
    assert missing == []


@pytest.mark.django_db
@pytest.mark.parametrize(("body", "said"), BAD.items())
def test_a_wrong_body_is_refused_in_vietnamese(client: Client, body: str, said: str) -> None:
    answer = client.post(PREVIEW, body, content_type="application/json")
    assert answer.status_code == 400
    assert [e["detail"] for e in answer.json()["errors"]] == [said]


@pytest.mark.django_db
def test_strangers_and_lost_callers_read_their_language(client: Client) -> None:
    assert client.get("/api/v1/me/profile/").json()["detail"] == "Cần đăng nhập hoặc gửi kèm khóa."
    lost = "/api/v1/nothing/"
    assert client.get(lost).json()["detail"] == "Không có gì ở địa chỉ này."
    english = client.get(lost, headers={"Accept-Language": "en"})
    assert english.json()["detail"] == "There is nothing at this address."


@pytest.mark.parametrize(("password", "said"), [
    ("ngan", "Mật khẩu quá ngắn. Nhập ít nhất 10 ký tự."),
    ("password123", "Mật khẩu này quá phổ biến."),
    ("0123456789012", "Mật khẩu này hoàn toàn là số."),
])  # fmt: skip
def test_a_weak_password_is_refused_in_vietnamese(password: str, said: str) -> None:
    with translation.override("vi"), pytest.raises(ValidationError) as refused:
        validate_password(password)
    assert refused.value.messages == [said]
