"""The keys of programs. Only the hash is stored, so a leaked database opens nothing."""

import hashlib
import secrets

SCHEME = "ck"
PREFIX_LENGTH = 8


def new_token() -> str:
    """`ck_<8 characters that the list shows>_<256 random bits>`."""
    return f"{SCHEME}_{secrets.token_hex(PREFIX_LENGTH // 2)}_{secrets.token_urlsafe(32)}"


def hash_of(token: str) -> str:
    """What is stored and looked up: SHA-256, enough for 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def prefix_of(token: str) -> str:
    """The part that a person may see again."""
    return token[: len(SCHEME) + 1 + PREFIX_LENGTH]
