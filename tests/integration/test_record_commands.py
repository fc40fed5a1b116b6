"""`streha compartment` and `streha record` as people type them, from an opened vault to what a court is given."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from agencies.model import Person
from client import key_file
from client.vault import kept, unlocking
from core.clock import SystemClock
from core.database import Database
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.people import Scene
from tests.served import ServedApi
from tests.vault_clients import Founded, found
from tests.vault_machines import unlocked_keys

pytest_plugins = ("tests.fixtures_api",)

PASSPHRASE = "never typed in this test: the keys are kept open"
MARKED = "Marked Sentence Zdravka"
PLAN = f"{MARKED}\nsecond line\n"


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    """Make the people and the case of `scene` at this moment: entries are signed by the clock of a real machine."""
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
async def founded(api: ServedApi, town: Scene) -> Founded:
    return await found(api, town.shelter, town.police, town.welfare, town.ngo)


@pytest.fixture
def memory() -> Iterator[Path]:
    """Make a place in memory where opened keys are kept."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as place:
        yield Path(place)


class People:
    """Who types, with keys that are open."""

    def __init__(self, founded: Founded, folder: Path, memory: Path) -> None:
        self._founded = founded
        self._folder = folder
        self._environment = {"XDG_RUNTIME_DIR": str(memory)}

    async def __call__(self, person: Person, *arguments: object, typed: str = "") -> Ran:
        return await streha(
            *arguments, "--key", self.key(person), environment={**os.environ, **self._environment}, typed=typed
        )

    def key(self, person: Person) -> Path:
        """Return a person's locked key file; the keys are open for an hour."""
        path = self._folder / f"{person.id}.key"
        if not path.exists():
            unlocked = unlocked_keys(self._founded, person)
            locked = unlocking.sealed(
                self._founded.api.key(person), unlocked.keys, passphrase=PASSPHRASE, words="", genesis=self._founded.id
            )
            key_file.write_locked(path, locked, new=True)
            opened = unlocking.with_keys(locked, unlocked.keys)
            kept.keep(locked, opened, SystemClock().now() + timedelta(hours=1), self._environment)
        return path


@pytest.fixture
def types(founded: Founded, tmp_path: Path, memory: Path) -> People:
    folder = tmp_path / "people"
    folder.mkdir(mode=0o700)
    return People(founded, folder, memory)


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "plan.txt"
    path.write_text(PLAN, encoding="utf-8")
    return path


async def test_from_an_opened_vault_to_what_a_court_is_given(
    types: People, founded: Founded, town: Scene, text: Path, tmp_path: Path, database: Database
) -> None:
    lead, member, codename = town.coordinator, town.member, town.case.codename
    early = await types(lead, "record", "put", codename, "--file", text)
    assert (early.code, "streha compartment open" in early.err) == (1, True), early
    opened = await types(lead, "compartment", "open", codename)
    assert (opened.code, member.name in opened.out) == (0, True), opened
    shown = await types(member, "compartment", "show", codename)
    assert (shown.code, "coordinator" in shown.out, town.deputy.name in shown.out) == (0, True, True), shown

    put = await types(lead, "record", "put", codename, "--kind", "plan", "--file", text, "--json")
    assert put.code == 0, put
    record = put.json["record"]
    got = await types(member, "record", "get", codename, record[:8])
    assert (got.code, MARKED in got.out, lead.name in got.out) == (0, True, True), got
    out = tmp_path / "got.txt"
    assert (await types(member, "record", "get", codename, record[:8], "--out", out)).code == 0
    assert (out.read_text(), stat.S_IMODE(out.stat().st_mode)) == (PLAN, 0o600)
    again = await types(member, "record", "get", codename, record[:8], "--out", out)
    assert (again.code, "exists already" in again.err) == (1, True)

    # Two at once: the second is told, loses nothing, and may let both stand.
    assert (await types(member, "record", "put", codename, record[:8], typed="by the member\n")).code == 0
    refused = await types(lead, "record", "put", codename, record[:8], typed="by the lead\n")
    assert (refused.code, "have not read" in refused.err, "Nothing was written" in refused.err) == (1, True, True)
    beside = await types(lead, "record", "put", codename, record[:8], "--beside", typed="by the lead\n")
    assert (beside.code, f"by {member.name}" in beside.out) == (0, True), beside
    both = await types(member, "record", "get", codename, record[:8])
    assert ("Several people wrote at once" in both.out, "by the member" in both.out, "by the lead" in both.out) == (
        True, True, True,
    )  # fmt: skip
    lines = (await types(member, "record", "diff", codename, record[:8])).out
    assert {"-by the member", "+by the lead"} <= set(lines.splitlines())
    listed = await types(member, "record", "list", codename)
    assert (listed.out.count("current, beside another"), MARKED in listed.out) == (2, False)
    history = (await types(lead, "record", "history", codename, record[:8], "--json")).json
    assert [each["current"] for each in history] == [False, True, True]
    offline = await types(lead, "record", "list", codename, "--offline")
    assert (offline.code, "Streha was not asked" in offline.out) == (0, True), offline

    package, reason = tmp_path / "court.streha", tmp_path / "order.txt"
    reason.write_text("Order K 12/26", encoding="utf-8")
    exported = await types(
        lead, "record", "export", codename, record[:8], "--version", put.json["version"], "--out", package,
        "--reason-file", reason,
    )  # fmt: skip
    assert exported.code == 0, exported
    verified = await streha("record", "verify", package, "--network", founded.id.hex())
    assert (verified.code, MARKED in verified.out, "Order K 12/26" in verified.out, lead.name in verified.out) == (
        0, True, True, True,
    ), verified  # fmt: skip
    other = await streha("record", "verify", package, "--network", bytes(32).hex())
    assert (other.code, other.out, "another network" in other.err) == (1, "", True)
    package.write_bytes(package.read_bytes()[:-1])
    cut = await streha("record", "verify", package, "--network", founded.id.hex())
    assert (cut.code, cut.out, "Do not rely on it" in cut.err) == (1, "", True)
    async with database.reading() as tx:
        stored = await tx.rows("SELECT content FROM vault_contents")
    assert len(stored) == 3
    assert not any(MARKED.encode() in bytes(each["content"]) for each in stored)


async def test_who_comes_and_goes(types: People, town: Scene, text: Path) -> None:
    lead, member, newcomer, codename = town.coordinator, town.member, town.shelter.workers[1], town.case.codename
    await types(lead, "compartment", "open", codename)
    record = (await types(member, "record", "put", codename, "--file", text, "--json")).json["record"]
    await types(member, "record", "put", codename, record[:8], typed="newer\n")
    added = await types(lead, "compartment", "add", codename, newcomer.name)
    assert (added.code, newcomer.name in added.out, added.err) == (0, True, ""), added
    got = await types(newcomer, "record", "get", codename, record[:8])
    assert (got.code, "newer" in got.out) == (0, True), got
    past = (await types(newcomer, "record", "history", codename, record[:8], "--json")).json[0]["version"]
    unread = await types(newcomer, "record", "get", codename, record[:8], "--version", past)
    assert (unread.code, "streha record share" in unread.err) == (1, True), unread
    shared = await types(member, "record", "share", codename, record[:8], newcomer.name)
    assert (shared.code, "2" in shared.out) == (0, True), shared
    assert MARKED in (await types(newcomer, "record", "get", codename, record[:8], "--version", past)).out

    removed = await types(lead, "compartment", "remove", codename, newcomer.name)
    assert (removed.code, newcomer.name in removed.out) == (0, False), removed
    out = await types(newcomer, "record", "put", codename, record[:8], typed="too late\n")
    assert (out.code, out.out) == (1, "")
    twice = await types(lead, "compartment", "remove", codename, newcomer.name)
    assert twice.code == 1, twice
    excluded = await types(
        lead, "compartment", "exclude", codename, newcomer.name, "--reason-file", "-", typed="His sister works there\n"
    )
    assert excluded.code == 0, excluded
    assert "His sister works there" in (await types(town.deputy, "compartment", "show", codename)).out
    assert "His sister" not in (await types(member, "compartment", "show", codename)).out
    barred = await types(lead, "compartment", "add", codename, newcomer.name)
    assert (barred.code, "Nothing was done" in barred.err) == (1, True), barred
    assert (await types(member, "compartment", "remove", codename, town.ngo.worker.name)).code == 1
    erased = await types(lead, "record", "erase", codename, record[:8], "--yes")
    assert erased.code == 0, erased
    gone = await types(member, "record", "get", codename, record[:8])
    assert (gone.code, "was erased" in gone.err) == (1, True), gone


async def test_what_is_wrong_is_said_and_nothing_is_written(types: People, town: Scene, tmp_path: Path) -> None:
    lead, codename = town.coordinator, town.case.codename
    await types(lead, "compartment", "open", codename)
    for arguments, typed, said in (
        (("--kind", "about Zdravka"), "text", "A record is one of these"),
        ((), " \n", "There is no text"),
        (("--file", tmp_path / "none.txt"), "", "cannot be read"),
        ((str(UUID(int=7)),), "text", "There is no such record"),
    ):
        refused = await types(lead, "record", "put", codename, *arguments, typed=typed)
        assert refused.code in {1, 2}, refused
        assert (said in refused.err, refused.out) == (True, ""), refused
    assert (await types(lead, "record", "list", codename, "--json")).json == []
    stranger = await types(town.ngo.worker, "compartment", "show", "quiet-nothing")
    assert (stranger.code, stranger.out) == (1, "")
    unread = await streha("record", "verify", tmp_path / "none", "--network", "12")
    assert (unread.code, "64 digits" in unread.err) == (2, True)


async def test_two_logs_stop_work_until_it_is_cleared_up(types: People, town: Scene, text: Path) -> None:
    lead, codename = town.coordinator, town.case.codename
    await types(lead, "compartment", "open", codename)
    logs = types.key(lead).with_name(types.key(lead).name + ".logs")
    (kept_log,) = logs.glob("membership-*.log")
    proof = logs / f"forked-{kept_log.stem}-0.json"
    proof.write_text("{}")
    stopped = await types(lead, "record", "put", codename, "--file", text)
    assert (stopped.code, str(proof) in stopped.err) == (1, True), stopped
    assert (await types(lead, "compartment", "forget", codename)).code == 2
    forgotten = await types(lead, "compartment", "forget", codename, "--yes", "--json")
    assert forgotten.json["proofs"] == [str(proof.with_name("settled-" + proof.name))]
    assert (await types(lead, "record", "put", codename, "--file", text)).code == 0
