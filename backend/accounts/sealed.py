"""Secrets that must be read again (the codes' keys) are sealed with a key made of SECRET_KEY.

A copy of the database alone then opens no account. When SECRET_KEY is changed, the old one goes to
SECRET_KEY_FALLBACKS; without it everybody would have to set up their codes again.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PERSON = b"caukieu.codes"


def seal(text: str) -> str:
    """`text` encrypted and signed, in printable letters."""
    return _box().encrypt(text.encode()).decode("ascii")


def unseal(sealed: str) -> str:
    """What was sealed; ValueError when no key of ours made it."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise ValueError("sealed with a key that is not known any more") from None


def _box() -> MultiFernet:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(_key(str(key))) for key in keys])


def _key(secret: str) -> bytes:
    digest = hashlib.blake2b(secret.encode(), digest_size=32, person=PERSON).digest()
    return base64.urlsafe_b64encode(digest)
