"""A key file is for its owner's eyes, and is believed only when it is whole."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from client import key_file
from client.key_file import KeyFile
from core import private_files
from core.errors import Conflict, InvalidInput, NotFound

PERSON = UUID("0b0e5f0c-1111-4222-8333-944444444444")
SEED = bytes(range(32))


def create(path: Path, **changes: Any) -> KeyFile:
    facts: dict[str, Any] = {
        "person_id": PERSON,
        "network": "invented network",
        "api_url": "https://streha.example",
        "seed": SEED,
    }
    return key_file.create(path, **{**facts, **changes})


def test_what_is_written_is_read_and_only_its_owner_can(tmp_path: Path) -> None:
    path = tmp_path / "ana.key"
    created = create(path, police_number="112")
    assert key_file.load(path) == created
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert created.police_number == "112"


def test_the_seed_does_not_show_itself(tmp_path: Path) -> None:
    assert "seed" not in repr(create(tmp_path / "ana.key"))


def test_no_file_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "ana.key"
    create(path)
    before = path.read_bytes()
    with pytest.raises(Conflict, match="exists already"):
        create(path, seed=bytes(32))
    (tmp_path / "link.key").symlink_to(tmp_path / "elsewhere.key")
    with pytest.raises(Conflict):
        create(tmp_path / "link.key")
    assert path.read_bytes() == before
    with pytest.raises(Conflict):
        private_files.require_free(path)
    with pytest.raises(InvalidInput):
        private_files.require_free(tmp_path / "none" / "ana.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o700 | 0o010])
def test_a_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "ana.key"
    create(path)
    path.chmod(mode)
    with pytest.raises(InvalidInput, match="chmod 600"):
        key_file.load(path)


@pytest.mark.parametrize(
    "change",
    [
        b"", b"{}", b"\xff", b"[1]", b'{"version":1}',
        {"signing_seed": "AAAA"}, {"signing_seed": 1}, {"person": "Ana"}, {"version": 2}, {"api_url": "streha.example"},
        {"api_url": "http://streha.example"}, {"api_url": "https://streha.example?x=1"}, {"api_url": "ftp://x"},
        {"api_url": "https://user:secret@streha.example"},
    ],
)  # fmt: skip
def test_a_file_that_is_not_whole_is_refused(tmp_path: Path, change: bytes | dict[str, object]) -> None:
    path = tmp_path / "ana.key"
    create(path)
    if isinstance(change, bytes):
        path.write_bytes(change)
    else:
        path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | change))
    with pytest.raises(InvalidInput):
        key_file.load(path)


def test_a_missing_file_and_a_directory_are_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no file"):
        key_file.load(tmp_path / "none.key")
    with pytest.raises(InvalidInput, match="cannot be read"):
        key_file.load(tmp_path)


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://streha.example", "https://streha.example"),
        ("https://streha.example:443/", "https://streha.example"),
        ("https://Streha.Example:8443/base/", "https://streha.example:8443"),
        ("http://127.0.0.1:8008", "http://127.0.0.1:8008"),
    ],
)
def test_signatures_are_for_the_origin_of_the_address(tmp_path: Path, address: str, origin: str) -> None:
    assert create(tmp_path / "ana.key", api_url=address).origin == origin
