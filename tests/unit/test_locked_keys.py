"""Locked key files: what opens them, what never does, and keys that stay open for a while."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from client import key_file
from client.key_file import KeyFile, LockedKeyFile
from client.vault import kept, unlocking
from client.vault.unlocking import Opened, WrongPassphrase
from core.errors import Conflict, InvalidInput
from crypto.vault.bundle import Keys, new_keys

PERSON = UUID("0b0e5f0c-1111-4222-8333-944444444444")
NOW = datetime(2031, 5, 14, 9, 30, tzinfo=UTC)
WORDS = "Reka most lampa"
MEMORY = Path("/dev/shm")  # noqa: S108 (each test makes a directory of its own there)


@pytest.fixture(scope="module")
def keys() -> Keys:
    return new_keys()


@pytest.fixture(scope="module")
def locked(keys: Keys) -> LockedKeyFile:
    key = KeyFile(person_id=PERSON, network="invented", api_url="https://streha.example", seed=keys.seed)
    return unlocking.sealed(key, keys, passphrase=WORDS, words="serbian", genesis=b"\7" * 32)


@pytest.fixture
def runtime() -> Iterator[dict[str, str]]:
    with TemporaryDirectory(dir=MEMORY, prefix="streha-runtime-") as place:
        yield {"XDG_RUNTIME_DIR": place}


def test_the_passphrase_opens_in_either_script_and_case(locked: LockedKeyFile, keys: Keys) -> None:
    for typed in ("reka most lampa", " РЕКА  мост лампа"):
        opened = unlocking.opened(locked, typed)
        assert opened.unlocked.keys == keys
        assert opened.key.seed == keys.seed
        assert (opened.unlocked.person, opened.unlocked.network) == (PERSON.bytes, b"\7" * 32)
    for wrong in ("reka most lampe", "", "reka most"):
        with pytest.raises(WrongPassphrase):
            unlocking.opened(locked, wrong)


def test_what_somebody_changed_opens_nothing_and_says_why(locked: LockedKeyFile, keys: Keys) -> None:
    bundle = locked.bundle
    weak, endless = (
        bundle[:2] + passes.to_bytes(4) + memory.to_bytes(4) + bundle[10:]
        for passes, memory in ((3, 1024), (3, 2**31 - 1))
    )
    changed: list[tuple[dict[str, Any], str]] = [
        ({"bundle": weak}, "too little work"), ({"bundle": endless}, "more work"),
        ({"bundle": b"\2" + bundle[1:]}, "later version"), ({"bundle": bundle[:-1]}, "not whole"),
        ({"bundle": bundle[:1] + b"\2" + bundle[2:]}, "somebody else's"),
    ]  # fmt: skip
    for altered, said in changed:
        with pytest.raises(InvalidInput, match=said) as refused:
            unlocking.opened(replace(locked, **altered), WORDS)
        assert not isinstance(refused.value, WrongPassphrase)
    # Another device, person or network: as if the passphrase were wrong.
    elsewhere: list[dict[str, Any]] = [
        {"device_secret": bytes(32)}, {"person_id": uuid4()}, {"genesis": bytes(32)}, {"box_key": bytes(32)},
    ]  # fmt: skip
    for altered in elsewhere:
        with pytest.raises(WrongPassphrase):
            unlocking.opened(replace(locked, **altered), WORDS)
    # Somebody else's whole bundle, with their public halves: a person with another seed than the file says.
    other = unlocking.sealed(
        KeyFile(person_id=PERSON, network="invented", api_url="https://streha.example", seed=keys.seed), new_keys(),
        passphrase=WORDS, words="",
    )  # fmt: skip
    with pytest.raises(WrongPassphrase):
        unlocking.opened(replace(locked, bundle=other.bundle), WORDS)


def test_a_locked_file_is_read_as_it_was_written_and_shows_no_secret(
    tmp_path: Path, locked: LockedKeyFile, keys: Keys
) -> None:  # fmt: skip
    path = tmp_path / "ana.key"
    key_file.write_locked(path, locked, new=True)
    assert key_file.read(path) == locked
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.seed not in path.read_bytes()
    assert msgspec.json.encode(keys.seed) not in path.read_bytes()
    with pytest.raises(InvalidInput, match="locked"):
        key_file.load(path)
    with pytest.raises(Conflict):
        key_file.write_locked(path, locked, new=True)
    key_file.write_locked(path, replace(locked, words=""))
    assert key_file.read(path) == replace(locked, words="")


@pytest.mark.parametrize(
    "change",
    [
        {"bundle": "AAAA"}, {"device_secret": "AAAA"}, {"genesis": ""}, {"person": "Ana"}, {"version": 3},
        {"api_url": "http://streha.example"}, {"bundle_id": 7}, {"signing_key": ""}, {"box_key": "AA=="},
    ],
)  # fmt: skip
def test_a_locked_file_that_is_not_whole_is_refused(
    tmp_path: Path, locked: LockedKeyFile, change: dict[str, object]
) -> None:  # fmt: skip
    path = tmp_path / "ana.key"
    key_file.write_locked(path, locked, new=True)
    whole = path.read_bytes()
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(whole) | change))
    with pytest.raises(InvalidInput):
        key_file.read(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInput):
        key_file.read(path)


def test_opened_keys_are_kept_until_the_moment_or_until_they_are_forgotten(
    locked: LockedKeyFile, keys: Keys, runtime: dict[str, str]
) -> None:
    opened = unlocking.with_keys(locked, keys)
    assert kept.found(locked, NOW, runtime) is None
    kept.keep(locked, opened, NOW + timedelta(hours=1), runtime)
    assert kept.found(locked, NOW, runtime) == opened
    assert kept.until(locked, NOW, runtime) == NOW + timedelta(hours=1)
    (file,) = (Path(runtime["XDG_RUNTIME_DIR"]) / "streha" / "keys").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # Keys of another file, or of the same one with another passphrase.
    assert kept.found(replace(locked, bundle=os.urandom(len(locked.bundle))), NOW, runtime) is None
    assert kept.found(locked, NOW + timedelta(hours=1), runtime) is None
    assert not file.exists()
    kept.keep(locked, opened, NOW + timedelta(hours=1), runtime)
    assert kept.forget_all(runtime) == 1
    assert kept.found(locked, NOW, runtime) is None
    assert kept.forget_all(runtime) == 0


@pytest.mark.parametrize("broken", [b"", b"{}", b'{"until":99999999999,"seed":"AAAA","secret":"AAAA"}'])
def test_what_is_broken_there_is_as_if_nothing_were_kept(
    locked: LockedKeyFile, keys: Keys, runtime: dict[str, str], broken: bytes
) -> None:
    kept.keep(locked, unlocking.with_keys(locked, keys), NOW + timedelta(hours=1), runtime)
    (file,) = (Path(runtime["XDG_RUNTIME_DIR"]) / "streha" / "keys").iterdir()
    file.write_bytes(broken)
    assert kept.found(locked, NOW, runtime) is None


def test_somebody_elses_open_keys_are_never_used(locked: LockedKeyFile, runtime: dict[str, str]) -> None:
    other = new_keys()
    opened = Opened(
        key=KeyFile(person_id=PERSON, network="invented", api_url="https://streha.example", seed=other.seed),
        unlocked=replace(unlocking.with_keys(locked, other).unlocked),
    )
    kept.keep(locked, opened, NOW + timedelta(hours=1), runtime)
    assert kept.found(locked, NOW, runtime) is None


def test_keys_are_kept_open_in_memory_of_ones_own_only(
    tmp_path: Path, locked: LockedKeyFile, keys: Keys, runtime: dict[str, str]
) -> None:
    opened, place = unlocking.with_keys(locked, keys), Path(runtime["XDG_RUNTIME_DIR"])
    root = Path("/proc/self")
    for nowhere in ({}, {"XDG_RUNTIME_DIR": ""}, {"XDG_RUNTIME_DIR": "run"}, {"XDG_RUNTIME_DIR": str(root)}):
        with pytest.raises(InvalidInput, match="asks for the passphrase"):
            kept.keep(locked, opened, NOW, nowhere)
        assert kept.found(locked, NOW, nowhere) is None
        assert kept.forget_all(nowhere) == 0
    place.chmod(0o750)
    with pytest.raises(InvalidInput):
        kept.require_place(runtime)
    place.chmod(0o700)
    (place / "streha").symlink_to(tmp_path)
    with pytest.raises(InvalidInput):
        kept.require_place(runtime)
    assert not list(tmp_path.iterdir())
