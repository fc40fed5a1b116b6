"""What a machine remembers of the logs: added whole or not at all, by one process or two, and never for others."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from client.vault.memory import LogName, Memory, Proof
from core.errors import Conflict, InvalidInput
from crypto.vault.log import Kind

NETWORK, COMPARTMENT, RECORD = bytes([9]) * 32, bytes([1]) * 16, bytes([2]) * 16
DIRECTORY = LogName(Kind.DIRECTORY, bytes(16))
MEMBERS = LogName(Kind.MEMBERSHIP, COMPARTMENT)
FIRST, SECOND, THIRD = b"first", b"second" * 300, b"third"


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory.beside(tmp_path / "ana.key", NETWORK)


def again(memory: Memory) -> Memory:
    """Return what another process finds."""
    return Memory(memory.folder, NETWORK)


def test_what_was_added_is_there_for_the_next_process(memory: Memory) -> None:
    assert (memory.entries(DIRECTORY), memory.refreshed(COMPARTMENT), memory.compartments()) == ([], 0, [])
    memory.remember({DIRECTORY: (0, [FIRST, SECOND]), MEMBERS: (0, [THIRD])}, compartment=COMPARTMENT, at=100)
    memory.remember({DIRECTORY: (2, [THIRD])}, compartment=COMPARTMENT, at=90)
    later = again(memory)
    assert later.entries(DIRECTORY) == [FIRST, SECOND, THIRD]
    assert later.entries(MEMBERS) == [THIRD]
    # A clock that once ran ahead makes nothing look fresh for ever: the last comparison counts.
    assert (later.refreshed(COMPARTMENT), later.compartments()) == (90, [COMPARTMENT])


def test_all_of_it_is_for_its_owner_alone(memory: Memory) -> None:
    memory.remember({DIRECTORY: (0, [FIRST])}, compartment=COMPARTMENT, at=1)
    memory.keep(Proof(name=MEMBERS, number=0, ours=FIRST, theirs=SECOND))
    assert stat.S_IMODE(memory.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in memory.folder.iterdir()} == {0o600}
    for name in ("heads.json", f"{DIRECTORY.text}.log"):
        (memory.folder / name).chmod(0o640)
        with pytest.raises(InvalidInput, match="Others on this machine can read"):
            again(memory).entries(DIRECTORY)
        (memory.folder / name).chmod(0o600)


@pytest.mark.parametrize("left", [b"", b"\0", b"\0\0\0\5thi", b"\0\0\0\5third", b"\xff" * 50])
def test_what_a_dying_process_had_begun_to_add_does_not_count(memory: Memory, left: bytes) -> None:
    memory.remember({DIRECTORY: (0, [FIRST])}, compartment=COMPARTMENT, at=1)
    with (memory.folder / f"{DIRECTORY.text}.log").open("ab") as file:
        file.write(left)
    assert again(memory).entries(DIRECTORY) == [FIRST]
    again(memory).remember({DIRECTORY: (1, [SECOND])}, compartment=COMPARTMENT, at=2)
    assert again(memory).entries(DIRECTORY) == [FIRST, SECOND]


def test_a_process_that_is_killed_at_any_step_leaves_all_or_nothing(tmp_path: Path) -> None:
    """Really killed, before each of its calls into the system, and then opened again."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.killed_memory", tmp_path], capture_output=True, text=True, check=True
    )  # fmt: skip
    found = Counter(ran.stdout.splitlines())
    before = dict.fromkeys(("remember", "keep", "forget"), "1 0 0")
    after = {"remember": "3 1 0", "keep": "1 0 1", "forget": "0 0 0"}
    whole = {
        f"{act} {each[act]} True {killed}" for act in before for each in (before, after) for killed in (True, False)
    }
    assert found.keys() <= whole
    for act in before:
        # Some were killed before what makes it count, some after, and the last one came through.
        assert found[f"{act} {before[act]} True True"] > 2
        assert found[f"{act} {after[act]} True True"] > 0
        assert found[f"{act} {after[act]} True False"] == 1


def test_two_processes_that_add_the_same_add_it_once(memory: Memory) -> None:
    one, other = memory, again(memory)
    one.remember({DIRECTORY: (0, [FIRST, SECOND])}, compartment=COMPARTMENT, at=1)
    other.remember({DIRECTORY: (0, [FIRST, SECOND, THIRD])}, compartment=COMPARTMENT, at=1)
    one.remember({DIRECTORY: (0, [FIRST])}, compartment=COMPARTMENT, at=1)
    assert again(memory).entries(DIRECTORY) == [FIRST, SECOND, THIRD]


def test_two_processes_that_were_shown_different_logs_find_out(memory: Memory) -> None:
    memory.remember({DIRECTORY: (0, [FIRST, SECOND])}, compartment=COMPARTMENT, at=1)
    with pytest.raises(Conflict, match="two different logs"):
        again(memory).remember({DIRECTORY: (0, [FIRST, THIRD])}, compartment=COMPARTMENT, at=2)
    assert again(memory).entries(DIRECTORY) == [FIRST, SECOND]
    assert again(memory).refreshed(COMPARTMENT) == 1
    (proof,) = again(memory).proofs(DIRECTORY)
    assert proof.name.endswith("-1.json")


def test_a_proof_stops_work_until_a_person_says_so_and_is_kept(memory: Memory) -> None:
    memory.remember({DIRECTORY: (0, [FIRST]), MEMBERS: (0, [THIRD])}, compartment=COMPARTMENT, at=1)
    path = memory.keep(Proof(name=MEMBERS, number=0, ours=THIRD, theirs=SECOND))
    memory.require_no_proof(DIRECTORY)
    with pytest.raises(Conflict, match=r"streha compartment forget"):
        again(memory).require_no_proof(DIRECTORY, MEMBERS)
    held = path.read_bytes()
    (settled,) = again(memory).forget(MEMBERS)
    assert settled.read_bytes() == held
    again(memory).require_no_proof(DIRECTORY, MEMBERS)
    assert (again(memory).entries(MEMBERS), again(memory).entries(DIRECTORY)) == ([], [FIRST])
    assert again(memory).refreshed(COMPARTMENT) == 0


@pytest.mark.parametrize("damage", ["cut", "gone", "head", "word"])
def test_what_is_damaged_is_said_and_not_taken_for_less(memory: Memory, damage: str) -> None:
    memory.remember({DIRECTORY: (0, [FIRST, SECOND])}, compartment=COMPARTMENT, at=1)
    log, heads = memory.folder / f"{DIRECTORY.text}.log", memory.folder / "heads.json"
    match damage:
        case "cut":
            os.truncate(log, 20)
        case "gone":
            log.unlink()
        case "head":
            heads.write_bytes(heads.read_bytes()[:-20])
        case "word":
            log.write_bytes(b"\0\0\0\6" + log.read_bytes()[4:])
    with pytest.raises(InvalidInput, match="is damaged"):
        again(memory).entries(DIRECTORY)
    if damage == "head":
        # What it said of the others is lost, too: that is forgotten only by somebody who says so.
        with pytest.raises(InvalidInput, match="is damaged"):
            again(memory).forget(DIRECTORY)
        again(memory).forget_all()
    else:
        memory.remember_name("quiet-heron", COMPARTMENT)
        again(memory).forget(DIRECTORY)
        assert again(memory).named("quiet-heron") == COMPARTMENT
    assert again(memory).entries(DIRECTORY) == []


def test_everything_is_forgotten_but_proofs(memory: Memory) -> None:
    memory.remember({DIRECTORY: (0, [FIRST]), MEMBERS: (0, [THIRD])}, compartment=COMPARTMENT, at=1)
    memory.remember_name("quiet-heron", COMPARTMENT)
    held = memory.keep(Proof(name=MEMBERS, number=0, ours=THIRD, theirs=SECOND)).read_bytes()
    (settled,) = again(memory).forget_all()
    assert settled.read_bytes() == held
    forgotten = again(memory)
    forgotten.require_no_proof(DIRECTORY, MEMBERS)
    assert (forgotten.entries(DIRECTORY), forgotten.entries(MEMBERS), forgotten.named("quiet-heron")) == ([], [], None)
    assert not list(memory.folder.glob("*.log"))


def test_the_folder_of_another_network_is_not_used(memory: Memory) -> None:
    memory.remember({DIRECTORY: (0, [FIRST])}, compartment=COMPARTMENT, at=1)
    with pytest.raises(InvalidInput, match="another network"):
        Memory(memory.folder, bytes(32)).entries(DIRECTORY)


def test_what_was_read_is_remembered(memory: Memory) -> None:
    assert memory.read(COMPARTMENT, RECORD) == frozenset()
    memory.remember_read(COMPARTMENT, RECORD, frozenset({b"a" * 32, b"b" * 32}))
    memory.remember_read(COMPARTMENT, bytes(16), frozenset({b"c" * 32}))
    assert again(memory).read(COMPARTMENT, RECORD) == {b"a" * 32, b"b" * 32}


def test_a_folder_where_others_can_write_is_not_believed(memory: Memory) -> None:
    memory.remember({DIRECTORY: (0, [FIRST])}, compartment=COMPARTMENT, at=1)
    memory.folder.chmod(0o770)
    for act in (lambda: again(memory).entries(DIRECTORY), lambda: again(memory).forget(DIRECTORY)):
        with pytest.raises(InvalidInput, match="others on this machine can write there"):
            act()
    memory.folder.chmod(0o700)
    assert again(memory).entries(DIRECTORY) == [FIRST]


def test_no_room_is_said(memory: Memory) -> None:
    memory.remember({DIRECTORY: (0, [FIRST])}, compartment=COMPARTMENT, at=1)
    (memory.folder / f"{MEMBERS.text}.log").symlink_to("elsewhere")
    with pytest.raises(InvalidInput, match="cannot be remembered"):
        memory.remember({MEMBERS: (0, [FIRST])}, compartment=COMPARTMENT, at=2)
    assert again(memory).refreshed(COMPARTMENT) == 1


def test_what_a_codename_meant_first_stays_until_it_is_forgotten(memory: Memory) -> None:
    assert memory.named("quiet-heron") is None
    memory.remember_name("quiet-heron", COMPARTMENT)
    memory.remember_name("quiet-heron", bytes(16))
    assert again(memory).named("quiet-heron") == COMPARTMENT
    memory.forget(MEMBERS)
    assert again(memory).named("quiet-heron") is None


def test_no_proof_takes_the_place_of_another(memory: Memory) -> None:
    settled = []
    for theirs in (FIRST, SECOND, THIRD):
        memory.keep(Proof(name=MEMBERS, number=0, ours=b"ours", theirs=theirs))
        settled += memory.forget(MEMBERS)
    assert len({each.read_bytes() for each in settled}) == 3


def test_forgetting_leaves_alone_what_is_another_network_s(memory: Memory) -> None:
    memory.remember({DIRECTORY: (0, [FIRST])}, compartment=COMPARTMENT, at=1)
    with pytest.raises(InvalidInput, match="another network"):
        Memory(memory.folder, bytes(32)).forget(DIRECTORY)
    assert again(memory).entries(DIRECTORY) == [FIRST]
