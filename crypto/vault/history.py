r"""The keys of versions that are past, granted to one member who was not there.

    page     "streha/history-grant/v1\0" | network (32) | compartment (16) | member (16) | member's X25519 key (32)
             | for each version, ascending: version (16) | content key (32)
    sealed   libsodium's sealed box of the page, to the member's key

It travels inside a statement with the purpose `history-grant`, which lists the same versions in clear: who was given
what of the past can be read by every member. Each key is held against the promise in its version's entry.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from crypto.vault import sealed_box
from crypto.vault.aead import KEY_BYTES
from crypto.vault.content import ID_BYTES
from crypto.vault.failures import NotWhole, OfAnotherPlace
from crypto.vault.labels import HISTORY_PLACE

# As many as a statement can list.
MOST_VERSIONS = 900
_ITEM_BYTES = ID_BYTES + KEY_BYTES


def grant(
    keys: Mapping[bytes, bytes], *, network: bytes, compartment: bytes, member: bytes, member_key: bytes
) -> bytes:
    """Return the keys of some versions (by version), sealed to one member."""
    if not 0 < len(keys) <= MOST_VERSIONS or any(
        len(version) != ID_BYTES or len(key) != KEY_BYTES for version, key in keys.items()
    ):
        raise NotWhole
    items = b"".join(version + keys[version] for version in sorted(keys))
    return sealed_box.seal(member_key, _place(network, compartment, member, member_key) + items)


def accept(secret: bytes, sealed: bytes, *, network: bytes, compartment: bytes, member: bytes) -> dict[bytes, bytes]:
    """Return the keys that were granted to this member, by version."""
    page = sealed_box.open_(secret, sealed)
    place = _place(network, compartment, member, sealed_box.public_key(secret))
    if not hmac.compare_digest(page[: len(place)], place):
        raise OfAnotherPlace
    items = page[len(place) :]
    if not items or len(items) % _ITEM_BYTES or len(items) > MOST_VERSIONS * _ITEM_BYTES:
        raise NotWhole
    found = [
        (items[start : start + ID_BYTES], items[start + ID_BYTES : start + _ITEM_BYTES])
        for start in range(0, len(items), _ITEM_BYTES)
    ]
    versions = [version for version, _key in found]
    if versions != sorted(set(versions)):
        raise NotWhole
    return dict(found)


def _place(network: bytes, compartment: bytes, member: bytes, member_key: bytes) -> bytes:
    if len(network) != 2 * ID_BYTES or len(compartment) != ID_BYTES or len(member) != ID_BYTES:
        raise ValueError("a network has 32 bytes and an id 16")
    return HISTORY_PLACE + network + compartment + member + member_key
