"""Why somebody is excluded: for the two who lead, for that compartment and person, and for nobody else."""

from __future__ import annotations

import pytest

from crypto.vault import reason, sealed_box
from crypto.vault.bundle import new_keys
from crypto.vault.failures import NotWhole, OfAnotherPlace, Refused, SealBroken, UnknownVersion

NETWORK, COMPARTMENT, PERSON = bytes([9]) * 32, bytes([1]) * 16, bytes([2]) * 16
ANA, PETAR, OLGA = (new_keys().secret for _ in range(3))
TEXT = b"his sister works for them"
LEADERS = [sealed_box.public_key(ANA), sealed_box.public_key(PETAR)]


def sealed(text: bytes = TEXT) -> bytes:
    return reason.seal(text, LEADERS, network=NETWORK, compartment=COMPARTMENT, person=PERSON)


def opened(secret: bytes, data: bytes, *, compartment: bytes = COMPARTMENT, person: bytes = PERSON) -> bytes:
    return reason.open_(secret, data, network=NETWORK, compartment=compartment, person=person)


def test_both_who_lead_read_it_and_nobody_else() -> None:
    data = sealed()
    assert opened(ANA, data) == opened(PETAR, data) == TEXT
    with pytest.raises(SealBroken):
        opened(OLGA, data)
    assert len(sealed(b"")) == len(sealed(TEXT))
    assert len(sealed(b"x" * reason.LONGEST_TEXT)) <= 4096
    with pytest.raises(NotWhole):
        sealed(b"x" * (reason.LONGEST_TEXT + 1))


def test_it_is_worth_nothing_elsewhere() -> None:
    data = sealed()
    with pytest.raises(OfAnotherPlace):
        opened(ANA, data, compartment=bytes(16))
    with pytest.raises(OfAnotherPlace):
        opened(ANA, data, person=bytes(16))
    with pytest.raises(UnknownVersion):
        opened(ANA, b"\x02" + data[1:])


def test_nothing_altered_is_opened() -> None:
    data = sealed()
    for place in range(1, len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        for secret in (ANA, PETAR):
            try:
                assert opened(secret, changed) == TEXT
            except Refused:
                continue
    for cut in (0, 1, 2, 5, len(data) - 1):
        with pytest.raises(Refused):
            opened(ANA, data[:cut])
    with pytest.raises(NotWhole):
        opened(ANA, data + b"\0")
