"""Ids that are the same in every mode and after every rebuild."""

from __future__ import annotations

import hashlib
from uuid import UUID

OWN_RULES = range(101, 200)
"""Numbers of the rules X01 to X99 of a data folder; R01 is 1."""

_NAMESPACE = UUID("6f2a0c0e-5b0b-5d3e-9a53-7c1d4f6b2e90").bytes  # fixed for good: it is part of every alert id


def alert_id(tenant: str, athlete: str, rule: str, scope: str, anchor: str) -> str:
    """UUIDv5 of the alert's key; ``anchor`` is a session id or the day an episode opened."""
    digest = bytearray(hashlib.sha1(_NAMESPACE + f"{tenant}|{athlete}|{rule}|{scope}|{anchor}".encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x50
    digest[8] = (digest[8] & 0x3F) | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def rule_number(rule: str) -> int:
    """The integer that stands for a rule in columns: 7 for R07, 107 for X07."""
    return int(rule[1:]) + (OWN_RULES.start - 1 if rule[0] == "X" else 0)


def rule_id(number: int) -> str:
    """The rule a number stands for."""
    own = number in OWN_RULES
    return f"{'X' if own else 'R'}{number - (OWN_RULES.start - 1 if own else 0):02d}"


def revision(*parts: object) -> str:
    """Short hash of what an alert says; versions of rules and models are no part of it."""
    return hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=6).hexdigest()
