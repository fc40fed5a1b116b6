"""Collecting the cases of one file of vectors: each is tried by this program before it is written down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.vault.tried import OK, Case, Given, tried


class Cases:
    """Collects the cases of one file; what this program makes of a case that should be well is what it gives."""

    def __init__(self) -> None:
        self.all: list[Case] = []

    def add(self, name: str, does: str, outcome: str, given: Given) -> None:
        case: Case = {"case": name, "does": does, "given": dict(given), "outcome": outcome}
        found, gives = tried(case)
        if found != outcome:
            raise AssertionError(f"{does}, {name}: {found} and not {outcome}")
        if gives:
            case["gives"] = gives
        self.all.append(case)

    def well(self, name: str, does: str, given: Given) -> None:
        self.add(name, does, OK, given)

    def otherwise(self, does: str, given: Given, changes: Mapping[str, tuple[str, str, Any]]) -> None:
        """Add a case for each change: its name, with the outcome, the field and its value."""
        for name, (outcome, field, value) in changes.items():
            self.add(name, does, outcome, {**given, field: value})

    def altered(
        self, does: str, given: Given, field: str, at: Mapping[str, tuple[int, str]], cut: str, longer: str
    ) -> None:
        """Add what comes of bytes that were cut, extended, emptied, or flipped at some places."""
        good = bytes.fromhex(given[field])
        for name, (place, outcome) in at.items():
            flipped = bytearray(good)
            flipped[place] ^= 1
            self.add(f"flipped in {name}", does, outcome, {**given, field: flipped.hex()})
        self.add("cut by one byte", does, cut, {**given, field: good[:-1].hex()})
        self.add("one byte more", does, longer, {**given, field: (good + b"\0").hex()})
        self.add("nothing", does, "not-whole", {**given, field: ""})
