"""Handing a person's keys to a browser of theirs: a bundle at the server, and what stands behind the `#` of a link.

    handover  version 0x01 | network (32) | person (16) | id of the bundle (16) | device's secret (32)

The link tells the browser which network its person trusts, so that no server has to be believed. The browser makes a
secret of its own at its first unlocking and has this bundle deleted.

Source: docs/protocol.md, *Handing keys to a browser*.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from uuid import uuid4

from client.vault.keys_api import KeysApi
from client.vault.person import Unlocked
from client.vault.unlocking import locked_for_device
from crypto.vault import aead
from crypto.vault.bundle import Kind

VERSION = b"\x01"


async def hand_over(api: KeysApi, unlocked: Unlocked, passphrase: str) -> str:
    """Keep a bundle for a browser at the server; return what the browser needs besides the passphrase, in base64url."""
    secret, bundle_id = aead.new_key(), uuid4()
    await api.put_bundle(bundle_id, Kind.DEVICE, locked_for_device(unlocked, passphrase, secret))
    handed = VERSION + unlocked.network + unlocked.person + bundle_id.bytes + secret
    return urlsafe_b64encode(handed).rstrip(b"=").decode()
