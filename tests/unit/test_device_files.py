"""The file of a device that can only raise: for its owner's eyes, and believed only when it is whole."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from client import device_api, device_file
from client.device_file import DeviceFile
from core.errors import Conflict, InvalidInput, NotFound
from server.api import credentials
from server.api.wire.directory import token_bytes

DEVICE = DeviceFile(label="door-2", api_url="https://streha.example", token=bytes(range(32)), police_number="112")


def test_what_is_written_is_read_and_only_its_owner_can(tmp_path: Path) -> None:
    path = tmp_path / "door.device"
    device_file.create(path, DEVICE)
    assert device_file.load(path) == DEVICE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "token" not in repr(device_file.load(path))
    with pytest.raises(Conflict, match="exists already"):
        device_file.create(path, DEVICE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "door.device"
    device_file.create(path, DEVICE)
    path.chmod(mode)
    with pytest.raises(InvalidInput, match="chmod 600"):
        device_file.load(path)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b'"version": 1', b'"version": 2'),
        (b"AAECAwQFBgcICQ", b"AAECAwQFBgcI"),
        (b"https://streha.example", b"http://streha.example"),
        (b"{", b"["),
    ],
)
def test_what_is_not_whole_or_leads_astray_is_refused(tmp_path: Path, was: bytes, becomes: bytes) -> None:
    path = tmp_path / "door.device"
    device_file.create(path, DEVICE)
    written = path.read_bytes()
    assert was in written
    path.write_bytes(written.replace(was, becomes))
    with pytest.raises(InvalidInput):
        device_file.load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"none\.device"):
        device_file.load(tmp_path / "none.device")


def test_both_ends_know_a_devices_token_from_a_sessions() -> None:
    assert device_api.PREFIX == credentials.DEVICE_PREFIX
    # Where a session is asked for, it is none.
    assert token_bytes(device_api.PREFIX + "A" * 43) == b""
