r"""Why somebody is excluded from a compartment, for its coordinator and its deputy alone.

    reason  version 0x01 | for the coordinator, then for the deputy: length (2) | sealed box of the page
    page    "streha/exclusion/v1\0" | network (32) | compartment (16) | person (16) | leader's X25519 key (32)
            | the padded text (`padding`)

A text has at most 1,000 bytes. It stands in the entry that excludes, which says by whom and is signed.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence

from crypto.vault import padding, sealed_box
from crypto.vault.content import ID_BYTES
from crypto.vault.failures import NotWhole, OfAnotherPlace, SealBroken, UnknownVersion
from crypto.vault.labels import EXCLUSION_PLACE

VERSION = b"\x01"
LENGTH_BYTES = 2
LONGEST_TEXT = 1_000
LEADERS = 2


def seal(text: bytes, leaders: Sequence[bytes], *, network: bytes, compartment: bytes, person: bytes) -> bytes:
    """Seal a reason to the X25519 keys of coordinator and deputy."""
    if len(text) > LONGEST_TEXT or len(leaders) != LEADERS:
        raise NotWhole
    boxes = [sealed_box.seal(key, _place(network, compartment, person, key) + padding.padded(text)) for key in leaders]
    return VERSION + b"".join(len(each).to_bytes(LENGTH_BYTES) + each for each in boxes)


def open_(secret: bytes, sealed: bytes, *, network: bytes, compartment: bytes, person: bytes) -> bytes:
    """Return the reason, for one of the two whom it was sealed to; raise Refused for everybody else."""
    if sealed[: len(VERSION)] != VERSION:
        raise UnknownVersion if sealed else NotWhole
    place = _place(network, compartment, person, sealed_box.public_key(secret))
    for box in _boxes(sealed[len(VERSION) :]):
        try:
            page = sealed_box.open_(secret, box)
        except SealBroken:
            continue
        if not hmac.compare_digest(page[: len(place)], place):
            raise OfAnotherPlace
        return padding.unpadded(page[len(place) :])
    raise SealBroken


def _boxes(data: bytes) -> list[bytes]:
    found, rest = [], data
    for _ in range(LEADERS):
        length = int.from_bytes(rest[:LENGTH_BYTES])
        box, rest = rest[LENGTH_BYTES:][:length], rest[LENGTH_BYTES + length :]
        if len(box) != length:
            raise NotWhole
        found.append(box)
    if rest:
        raise NotWhole
    return found


def _place(network: bytes, compartment: bytes, person: bytes, key: bytes) -> bytes:
    if len(network) != 2 * ID_BYTES or len(compartment) != ID_BYTES or len(person) != ID_BYTES:
        raise ValueError("a network has 32 bytes and an id 16")
    return EXCLUSION_PLACE + network + compartment + person + key
