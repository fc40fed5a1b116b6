"""Who this device is: user, device and access token, sealed in the device's directory.

Owns the file, the first sign-in, the form in which other bots of the same store key may have the token
(`bots.sending.senders`), and the question whether the homeserver still knows the device. The token is worth as much as
the device's keys, so it rests beside them and under the same secret.
"""

from __future__ import annotations

import json
from pathlib import Path

from bots.wire.homeserver import Homeserver
from core import private_files
from core.errors import Conflict, Permanent
from core.texts import mark
from crypto import local_seal

FILE = "device.sealed"
_NAME = "credentials"


class DeviceLost(Conflict):
    """The homeserver no longer knows this device."""

    def __init__(self) -> None:
        super().__init__(
            mark(
                "The homeserver has signed this Matrix device out. Move the directory device away for a new one, and "
                "keep the directory identity."
            )
        )


class Credentials:
    """The sealed file."""

    def __init__(self, directory: Path, secret: bytes) -> None:
        self._path = directory / FILE
        self._key = local_seal.derive(secret, "matrix device credentials")
        self._key_of_bots = local_seal.derive(secret, "matrix device token for other bots")

    @property
    def exist(self) -> bool:
        """Tell whether a device was ever signed in here."""
        return self._path.exists()

    def keep(self, user_id: str, device_id: str, access_token: str) -> None:
        """Remember a device that has just signed in."""
        record = json.dumps([user_id, device_id, access_token]).encode()
        private_files.write(self._path, local_seal.seal(self._key, _NAME, record))

    def load(self) -> tuple[str, str, str]:
        """Return user id, device id and access token."""
        try:
            record = json.loads(local_seal.unseal(self._key, _NAME, self._path.read_bytes()))
        except local_seal.SealBroken as error:
            raise Conflict(
                mark("The Matrix device's directory was made with another store key. Use that key again.")
            ) from error
        user_id, device_id, access_token = record
        return user_id, device_id, access_token

    def token_for_bots(self) -> bytes:
        """Return this device's token so that only bots with the same store key can use it."""
        user_id, device_id, access_token = self.load()
        return local_seal.seal(self._key_of_bots, _name_of(user_id, device_id), access_token.encode())

    def token_of(self, user_id: str, device_id: str, sealed: bytes) -> str | None:
        """Return another device's token; nothing where it was sealed under another store key."""
        try:
            return local_seal.unseal(self._key_of_bots, _name_of(user_id, device_id), sealed).decode()
        except local_seal.SealBroken:
            return None


def _name_of(user_id: str, device_id: str) -> str:
    return f"token {user_id} {device_id}"


async def signed_in(
    anonymous: Homeserver, credentials: Credentials, *, user_id: str, password: str, display_name: str = "Streha"
) -> Homeserver:
    """Sign in for the first time, or go on as the device that is kept; raise DeviceLost where it is known no more."""
    if not credentials.exist:
        credentials.keep(*await anonymous.login(user_id, password, display_name=display_name))
    user_id, device_id, access_token = credentials.load()
    homeserver = anonymous.as_device(access_token)
    await confirm(homeserver, user_id, device_id)
    return homeserver


async def confirm(homeserver: Homeserver, user_id: str, device_id: str) -> None:
    """Raise DeviceLost unless the homeserver knows the token as this device's."""
    try:
        known = await homeserver.whoami()
    except Permanent as error:
        if error.code != "M_UNKNOWN_TOKEN":
            raise
        known = ("", "")
    if known != (user_id, device_id):
        raise DeviceLost
