"""Public ids: a prefix that names the kind, and 100 random bits.

Integers never leave the database.
"""

import re
import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 20


def new_id(prefix: str) -> str:
    """A fresh id such as `prj_7k…` (Crockford base 32, lower case)."""
    return f"{prefix}_" + "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_id(prefix: str, text: str) -> bool:
    """Whether `text` has the form of an id with that prefix."""
    return re.fullmatch(rf"{re.escape(prefix)}_[{ALPHABET}]{{{LENGTH}}}", text) is not None
