"""The file of a device that can only raise: where Streha is, and the token that raises.

Whoever holds the file can raise in its place and do nothing else, so it is written for its owner's eyes only and
refused where others could read it, as a key file is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from client.key_file import checked_address
from core import private_files
from core.errors import InvalidInput
from core.texts import mark
from crypto.tokens import TOKEN_BYTES

VERSION = 1
NOT_ONE = mark("The file {path} is not a device's file of Streha.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFile:
    """What a device's file says. `police_number` is there for the moment when nothing answers."""

    label: str
    api_url: str
    token: bytes = field(repr=False)
    police_number: str = "192"


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    device: str
    api_url: str
    raising_token: bytes
    police_number: str = "192"


def create(path: Path, device: DeviceFile) -> None:
    """Write a new device's file, readable by its owner only; never over another file."""
    checked_address(device.api_url)
    stored = _Stored(
        version=VERSION,
        device=device.label,
        api_url=device.api_url,
        raising_token=device.token,
        police_number=device.police_number,
    )
    private_files.write_new(path, msgspec.json.format(msgspec.json.encode(stored), indent=2) + b"\n")


def load(path: Path) -> DeviceFile:
    """Read a device's file; refuse one that others can read, and one that is not whole."""
    data = private_files.read(path)
    try:
        stored = msgspec.json.decode(data, type=_Stored)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise InvalidInput(NOT_ONE, path=str(path)) from None
    if stored.version != VERSION or len(stored.raising_token) != TOKEN_BYTES:
        raise InvalidInput(NOT_ONE, path=str(path))
    checked_address(stored.api_url)
    return DeviceFile(
        label=stored.device,
        api_url=stored.api_url,
        token=stored.raising_token,
        police_number=stored.police_number,
    )
