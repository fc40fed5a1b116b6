"""A seed as a person writes it on paper and types it back: rows of groups that notice a slip of the pen.

Owns the alphabet, the check of each group and of the whole. Each paper has a kind, which is part of every check: a
paper of one kind is never taken for another. Pure; who asks for which row is the command's matter
(`streha.commands.identity`). Letters that look like digits are none, and either case is read.
"""

from __future__ import annotations

import hashlib
import hmac
from enum import StrEnum

LABEL = b"streha paper v1"
SEED_BYTES = 32
CHECK_BYTES = 3
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# What people write for what they read.
_LOOKALIKES = str.maketrans("OIL", "011")
DATA_LETTERS = 4
GROUP_LETTERS = DATA_LETTERS + 1
GROUPS_IN_ROW = 2
# 35 bytes are 56 letters of five bits each.
GROUPS = (SEED_BYTES + CHECK_BYTES) * 8 // 5 // DATA_LETTERS
ROWS = GROUPS // GROUPS_IN_ROW


class Kind(StrEnum):
    """What a paper holds."""

    MASTER = "master"
    SIGNING = "signing"


class RowWrong(Exception):
    """This row was not written so; `row` counts from one."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} is not right")
        self.row = row


class PaperWrong(Exception):
    """Each row is right, but they do not belong together."""


def rows(seed: bytes, kind: Kind) -> list[str]:
    """Return what is to be written: seven rows of two groups."""
    if len(seed) != SEED_BYTES:
        raise ValueError("a seed has 32 bytes")
    number = int.from_bytes(seed + _check(seed, kind))
    letters = "".join(ALPHABET[number >> shift & 31] for shift in range(GROUPS * DATA_LETTERS * 5 - 5, -5, -5))
    groups = [_group(letters[place : place + DATA_LETTERS], place // DATA_LETTERS, kind)
              for place in range(0, len(letters), DATA_LETTERS)]  # fmt: skip
    return [" ".join(groups[place : place + GROUPS_IN_ROW]) for place in range(0, GROUPS, GROUPS_IN_ROW)]


def read_row(text: str, row: int, kind: Kind) -> str:
    """Return a typed row as it is written on the paper; raise RowWrong. `row` counts from one."""
    letters = "".join(text.upper().split()).replace("-", "").translate(_LOOKALIKES)
    first = (row - 1) * GROUPS_IN_ROW
    groups = [
        _group(letters[place * GROUP_LETTERS :][:DATA_LETTERS], first + place, kind) for place in range(GROUPS_IN_ROW)
    ]
    if "".join(groups) != letters or any(letter not in ALPHABET for letter in letters):
        raise RowWrong(row)
    return " ".join(groups)


def read(typed: list[str], kind: Kind) -> bytes:
    """Return the seed of a whole paper; raise RowWrong or PaperWrong."""
    if len(typed) != ROWS:
        raise PaperWrong
    groups = " ".join(read_row(text, number, kind) for number, text in enumerate(typed, start=1)).split()
    number = 0
    for letter in "".join(group[:DATA_LETTERS] for group in groups):
        number = number << 5 | ALPHABET.index(letter)
    whole = number.to_bytes(SEED_BYTES + CHECK_BYTES)
    seed, check = whole[:SEED_BYTES], whole[SEED_BYTES:]
    if not hmac.compare_digest(check, _check(seed, kind)):
        raise PaperWrong
    return seed


def _group(letters: str, place: int, kind: Kind) -> str:
    """Return four letters with a fifth that depends on them, their place and the kind of paper."""
    digest = hashlib.blake2b(f"{kind} {place} {letters}".encode(), digest_size=1, person=LABEL).digest()
    return letters + ALPHABET[digest[0] & 31]


def _check(seed: bytes, kind: Kind) -> bytes:
    return hashlib.blake2b(f"{kind} ".encode() + seed, digest_size=CHECK_BYTES, person=LABEL).digest()
