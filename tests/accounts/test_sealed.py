"""Sealed secrets open with the key of now or of before, and with no other."""

from typing import Any

import pytest

from backend.accounts.sealed import seal, unseal


def test_what_was_sealed_comes_back_and_cannot_be_read() -> None:
    sealed = seal("GEZDGNBVGY3TQOJQ")
    assert unseal(sealed) == "GEZDGNBVGY3TQOJQ"
    assert "GEZDGNBVGY3TQOJQ" not in sealed
    assert seal("GEZDGNBVGY3TQOJQ") != sealed


def test_a_changed_key_needs_the_old_one_beside_it(settings: Any) -> None:
    sealed = seal("secret")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key " * 6
    with pytest.raises(ValueError, match="not known"):
        unseal(sealed)
    settings.SECRET_KEY_FALLBACKS = [old]
    assert unseal(sealed) == "secret"


@pytest.mark.parametrize("text", ["", "plain", "é", "gAAAA" + "A" * 90])
def test_what_nobody_sealed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not known"):
        unseal(text)
