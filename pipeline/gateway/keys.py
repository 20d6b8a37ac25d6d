"""API keys: what one looks like, and how it is checked without keeping it.

``spotter_<id>_<secret><checksum>``: the id finds the row, the secret has 160 bits, the checksum
tells a mistyped key from a wrong one and lets scanners find leaked keys. Only the SHA-256 of the
secret is stored; at this entropy a fast hash is right.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import zlib
from dataclasses import dataclass
from typing import Literal, get_args

Scope = Literal["ingest", "read", "analyst", "admin"]
SCOPES: tuple[str, ...] = get_args(Scope)

PREFIX = "spotter"
_ID_BYTES = 5  # 8 characters
_SECRET_BYTES = 20  # 160 bits, 32 characters
_SECRET_CHARACTERS = 32
_CHECKSUM_CHARACTERS = 7
KEY_CHARACTERS_MAX = 128


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key: ``text`` is shown once, ``secret_hash`` is stored."""

    key_id: str
    text: str
    secret_hash: bytes


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a valid key speaks for."""

    key_id: str
    tenant: str
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the key carries ``scope``; ``admin`` carries all."""
        return scope in self.scopes or "admin" in self.scopes


def new_key() -> NewKey:
    """A key nobody has seen yet."""
    key_id = _base32(secrets.token_bytes(_ID_BYTES))
    secret = _base32(secrets.token_bytes(_SECRET_BYTES))
    return NewKey(key_id, f"{PREFIX}_{key_id}_{secret}{_checksum(key_id, secret)}", hash_secret(secret))


def split_key(text: str) -> tuple[str, str] | None:
    """The id and secret of a well-formed key, else None (also when the checksum is wrong)."""
    if len(text) > KEY_CHARACTERS_MAX or not text.isascii():
        return None
    parts = text.split("_")
    if len(parts) != 3 or parts[0] != PREFIX:
        return None
    key_id, rest = parts[1], parts[2]
    secret, checksum = rest[:_SECRET_CHARACTERS], rest[_SECRET_CHARACTERS:]
    if len(secret) != _SECRET_CHARACTERS or not hmac.compare_digest(checksum, _checksum(key_id, secret)):
        return None
    return key_id, secret


def hash_secret(secret: str) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def _base32(raw: bytes) -> str:
    return base64.b32encode(raw).decode().rstrip("=").lower()


def _checksum(key_id: str, secret: str) -> str:
    return _base32(zlib.crc32(f"{key_id}_{secret}".encode()).to_bytes(4, "big"))[:_CHECKSUM_CHARACTERS]
