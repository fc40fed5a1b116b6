"""`streha identity` as an operator uses it: seeds that go to paper, and what paper brings back."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from bots.account.identity import MASTER_SEED_FILE
from bots.account.identity_files import IdentityFiles, made
from bots.olm.store_lock import StoreLock
from bots.watching.identity_care import IdentityCare
from core.clock import SystemClock
from core.errors import Conflict
from core.settings import Settings
from crypto import cross_signing, paper
from crypto.paper import Kind
from tests.at_terminal import PATIENCE_SECONDS, Terminal
from tests.commands import Ran, streha
from tests.own_account import BOT, PASSWORD, SECRET, Account, serving, settings_of, start

MASTER, SIGNING = "streha-master-paper.txt", "streha-signing-paper.txt"


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with serving(Account()) as running:
        yield running


@pytest.fixture
def settings(account: Account, quick_path: Path) -> Settings:
    return settings_of(account, quick_path / "state")


@pytest.fixture
def medium(tmp_path: Path, quick_path: Path) -> Path:
    """Make a directory on another disk than the bot's, as a medium is."""
    made = tmp_path / "medium"
    made.mkdir()
    if made.stat().st_dev == quick_path.stat().st_dev:
        pytest.skip("this machine has one disk only")
    return made


@pytest.fixture
def operator(settings: Settings) -> dict[str, str]:
    return environment_of(settings)


def environment_of(settings: Settings) -> dict[str, str]:
    return {
        "STREHA_DATABASE_URL": settings.database_url.reveal(),
        "STREHA_PUBLIC_ORIGIN": "https://streha.example",
        "STREHA_HOMESERVER_URL": settings.homeserver_url,
        "STREHA_MATRIX_USER": BOT,
        "STREHA_MATRIX_PASSWORD": PASSWORD,
        "STREHA_MATRIX_STORE_KEY": SECRET.decode(),
        "STREHA_MATRIX_STATE_DIRECTORY": str(settings.matrix_state_directory),
    }


def care_of(settings: Settings) -> IdentityCare:
    return IdentityCare(settings, SystemClock())


def take_offline(settings: Settings) -> None:
    care = care_of(settings)
    care.take_offline(care.seeds())


def names_in(directory: Path) -> list[str]:
    return [each.name for each in directory.iterdir()]


@contextmanager
def held(settings: Settings) -> Iterator[None]:
    """Be the bot at work in its directory."""
    lock = StoreLock(settings.matrix_state_directory / "device")
    try:
        yield
    finally:
        lock.release()


async def doubts(operator: dict[str, str]) -> dict[str, str]:
    """Return what the doctor has to say of the bot's identity."""
    found = (await streha("doctor", "--json", environment=operator)).json["checks"]
    return {each["check"]: each["todo"] for each in found if "bot's" in each["check"] and not each["ok"]}


def tells_no_seed(ran: Ran, *seeds: bytes) -> None:
    for seed in seeds:
        for kind in Kind:
            assert not any(row in ran.out + ran.err for row in paper.rows(seed, kind))
        assert cross_signing.encode_unpadded(seed) not in ran.out + ran.err


async def test_seeds_go_to_a_medium_and_come_back(
    account: Account, settings: Settings, operator: dict[str, str], quick_path: Path, medium: Path
) -> None:
    first = await start(settings)
    before = await streha("identity", "show", environment=operator)
    assert before.code == 0
    assert before.out.count("STILL on this machine") == 2
    assert first in before.out
    assert set(await doubts(operator)) == {"bot's seeds are offline"}
    seeds = care_of(settings).seeds()
    tells_no_seed(before, *seeds.values())

    # Not without a terminal, not into the bot's own directory, nor beside it on the same disk, not without a yes.
    for code, words, options in (
        (2, "at a terminal only", ()),
        (2, "the bot's own", ("--file", settings.matrix_state_directory / "identity")),
        (2, "the same disk", ("--file", quick_path)),
        (2, "not a directory", ("--file", quick_path / "nowhere")),
    ):
        ran = await streha("identity", "seed-offline", *options, environment=operator)
        assert (ran.code, words in ran.err) == (code, True), ran
        tells_no_seed(ran, *seeds.values())
    unsure = await streha("identity", "seed-offline", "--file", medium, environment=operator)
    assert (unsure.code, care_of(settings).seeds(), names_in(medium)) == (2, seeds, [])
    (medium / MASTER).touch()
    taken = await streha("identity", "seed-offline", "--file", medium, "--yes", environment=operator)
    assert (taken.code, "exists already" in taken.err, care_of(settings).seeds()) == (1, True, seeds)
    (medium / MASTER).unlink()
    done = await streha("identity", "seed-offline", "--file", medium, "--yes", environment=operator)
    assert (done.code, done.err) == (0, "")
    tells_no_seed(done, *seeds.values())
    assert (medium / MASTER).stat().st_mode & 0o777 == 0o600
    assert await doubts(operator) == {}
    shown = (await streha("identity", "show", "--json", environment=operator)).json
    assert (shown["master_seed_here"], shown["signing_seed_here"], shown["unfinished"]) == (False, False, False)
    assert shown["offline_at"] is not None
    assert shown["published"] == shown["kept"] == {"master": account.master, "signing": account.signing}
    again = await streha("identity", "seed-offline", "--file", medium, "--yes", environment=operator)
    assert (again.code, "No seed" in again.err) == (1, True)
    # What was overwritten before somebody was killed goes too; what nobody can explain stays.
    left = settings.matrix_state_directory / "identity" / MASTER_SEED_FILE
    for content, code in ((b"no seed at all", 1), (bytes(45), 0)):
        left.write_bytes(content)
        assert set(await doubts(operator)) == {"bot's seeds are offline"}
        ran = await streha("identity", "seed-offline", "--file", medium, "--yes", environment=operator)
        assert (ran.code, left.exists()) == (code, bool(code)), ran

    # The papers are tried, each as what it is.
    published = account.published
    for kind, name, code in (("master", MASTER, 0), ("signing", SIGNING, 0), ("master", SIGNING, 2)):
        ran = await streha("identity", "check-seed", kind, environment=operator, typed=(medium / name).read_text())
        assert ran.code == code, ran
    other = "\n".join(paper.rows(cross_signing.new_seed(), Kind.MASTER))
    ran = await streha("identity", "check-seed", "master", environment=operator, typed=other)
    assert (ran.code, "not the master seed" in ran.err) == (2, True)
    assert account.published == published


async def test_only_what_was_copied_is_removed(settings: Settings, operator: dict[str, str], medium: Path) -> None:
    await start(settings)
    care, files = care_of(settings), IdentityFiles(settings.matrix_state_directory / "identity", SECRET)
    copied, later = care.seeds(), cross_signing.new_seeds()
    # While somebody copies by hand, somebody else begins a new identity: what may be published is on no paper.
    files.prepare(made(BOT, later), later.master)
    with pytest.raises(Conflict, match="never finished"):
        care.take_offline(copied)
    unfinished = await streha("identity", "seed-offline", "--file", medium, "--yes", environment=operator)
    assert (unfinished.code, names_in(medium)) == (1, [])
    files.promote()
    # And ends it: the copies are of keys that are no more.
    with pytest.raises(Conflict, match="not the ones on your papers"):
        care.take_offline(copied)
    assert care.seeds() == {Kind.MASTER: later.master, Kind.SIGNING: later.self_signing}
    # Where one of two was removed already, the other alone is on the paper.
    with pytest.raises(Conflict):
        care.take_offline({Kind.MASTER: later.master})
    care.take_offline(care.seeds())
    assert not care.resting().master_seed


async def test_a_new_device_is_signed_with_the_paper(
    account: Account, settings: Settings, operator: dict[str, str]
) -> None:
    first = await start(settings)
    seeds = care_of(settings).seeds()
    take_offline(settings)
    shutil.rmtree(settings.matrix_state_directory / "device")
    master = account.master
    for seed, words in (
        (seeds[Kind.MASTER], "not the signing seed"),
        (cross_signing.new_seed(), "not the signing seed"),
    ):
        typed = "\n".join(paper.rows(seed, Kind.SIGNING))
        ran = await streha("identity", "sign-device", environment=operator, typed=typed)
        assert (ran.code, words in ran.err) == (2, True), ran
    typed = "\n".join(paper.rows(seeds[Kind.SIGNING], Kind.SIGNING))
    broken = typed.replace(typed[0], "Z" if typed[0] != "Z" else "Y", 1)
    ran = await streha("identity", "sign-device", environment=operator, typed=broken)
    assert (ran.code, "Row 1" in ran.err) == (2, True)
    ran = await streha("identity", "sign-device", environment=operator, typed=typed)
    assert ran.code == 0, ran
    tells_no_seed(ran, *seeds.values())
    second = await start(settings)
    assert second in ran.out
    assert account.is_signed(second)
    assert account.is_signed(first)
    assert account.master == master
    assert not care_of(settings).resting().signing_seed


async def test_what_is_lost_is_restored_with_the_master_paper(
    account: Account, settings: Settings, operator: dict[str, str], quick_path: Path
) -> None:
    first = await start(settings)
    seeds, master = care_of(settings).seeds(), account.master
    other = {**operator, "STREHA_MATRIX_STATE_DIRECTORY": str(quick_path / "other"),
             "STREHA_MATRIX_STORE_KEY": "another invented store key, 32 bytes"}  # fmt: skip
    refused = await streha("doctor", "--json", environment={**operator, "STREHA_MATRIX_STORE_KEY": "x" * 32})
    assert "another store key" in refused.out
    typed = "\n".join(paper.rows(seeds[Kind.MASTER], Kind.MASTER))
    ran = await streha("identity", "restore", environment={**other, "STREHA_MATRIX_PASSWORD": "wrong"}, typed=typed)
    assert (ran.code, "STREHA_MATRIX_PASSWORD" in ran.err) == (1, True), ran
    ran = await streha("identity", "restore", environment=other, typed=typed)
    assert ran.code == 0, ran
    tells_no_seed(ran, *seeds.values())
    assert "Other devices of the account are not signed now: 1" in ran.out
    assert account.master == master
    # The lost device is signed out, by its name; not the one that works here.
    shown = (await streha("identity", "show", "--json", environment=other)).json["devices"]
    (here,) = [each["id"] for each in shown if each["here"]]
    assert {each["id"] for each in shown if not each["signed"]} == {first}
    assert set(await doubts(other)) == {"bot's seeds are offline", "bot's devices are its own"}
    assert (await streha("identity", "sign-out", here, "--yes", environment=other)).code == 1
    assert (await streha("identity", "sign-out", "NOBODYS", "--yes", environment=other)).code == 1
    assert (await streha("identity", "sign-out", first, environment=other)).code == 2
    assert (await streha("identity", "sign-out", first, "--yes", environment=other)).code == 0
    assert account.devices.keys() == {here}
    assert set(await doubts(other)) == {"bot's seeds are offline"}
    # Somebody has the password: a device without any keys is a stranger's too.
    account.devices["GHOST"] = None
    assert "GHOST" in (await streha("identity", "show", environment=other)).out
    assert "bot's devices are its own" in await doubts(other)
    # The homeserver shows another identity.
    account.lie = lambda answer: {**answer, "master_keys": {}, "self_signing_keys": {}}
    assert "does not show the bot's identity" in (await doubts(other))["bot's devices are its own"]
    assert "NOT what is kept" in (await streha("identity", "show", environment=other)).out


async def test_without_the_master_paper_a_new_identity_is_made(
    account: Account, settings: Settings, operator: dict[str, str]
) -> None:
    await start(settings)
    master = account.master
    refused = await streha("identity", "replace", "--yes", environment=operator)
    assert (refused.code, "nothing is lost" in refused.err) == (1, True)
    take_offline(settings)
    assert (await streha("identity", "replace", environment=operator)).code == 2
    assert account.master == master
    ran = await streha("identity", "replace", "--yes", environment=operator)
    assert ran.code == 0, ran
    assert account.master not in {None, master}
    shown = account.master or ""
    assert " ".join(shown[place : place + 4] for place in range(0, len(shown), 4)) in ran.out
    assert account.is_signed(await start(settings))


async def test_the_doctor_finds_limits_that_were_not_lifted(
    account: Account, settings: Settings, operator: dict[str, str]
) -> None:
    await start(settings)
    for account.limiting in (False, True):
        found = (await streha("doctor", "--json", environment=operator)).json["checks"]
        (told,) = [each for each in found if each["check"] == "bot may send without limit"]
        assert (told["ok"], "Lift the limits" in (told["todo"] or "")) == (not account.limiting, account.limiting)


async def test_what_cannot_be_done_is_said_in_one_line(
    account: Account, settings: Settings, operator: dict[str, str]
) -> None:
    nothing = {**operator, "STREHA_HOMESERVER_URL": ""}
    for act in ("show", "seed-offline", "check-seed", "sign-device", "restore", "replace", "sign-out"):
        arguments = {"check-seed": ("master",), "sign-out": ("X", "--yes"), "replace": ("--yes",)}.get(act, ())
        ran = await streha("identity", act, *arguments, environment=nothing)
        assert (ran.code, ran.err.count("\n"), "STREHA_HOMESERVER_URL" in ran.err) == (2, 1, True), ran
    # Before the first start nothing rests here.
    empty = await streha("identity", "show", environment=operator)
    assert (empty.code, "No device rests here" in empty.out) == (0, True)
    assert (await streha("identity", "seed-offline", "--file", "/", "--yes", environment=operator)).code == 1
    assert await doubts(operator) == {}
    await start(settings)
    account.devices.clear()
    lost = await streha("identity", "show", environment=operator)
    assert (lost.code, "signed this Matrix device out" in lost.err) == (1, True)
    gone = await streha("identity", "show", environment={**operator, "STREHA_HOMESERVER_URL": "http://127.0.0.1:1"})
    assert (gone.code, "does not answer" in gone.err) == (3, True)
    # Nobody types seventy letters before what stands in the way anyhow is said.
    with held(settings):
        for act in ("sign-device", "restore"):
            ran = await streha("identity", act, environment=operator, typed="")
            assert (ran.code, "Another process is using" in ran.err) == (1, True), ran
    for words in (("sign-device",), ("restore",), ("check-seed", "signing")):
        ran = await streha("identity", *words, environment=operator, typed="")
        assert (ran.code, "directory device" in ran.err) == (1, True), ran
    shutil.rmtree(settings.matrix_state_directory / "device")
    for password in ("", "wrong"):
        changed = {**operator, "STREHA_MATRIX_PASSWORD": password}
        ran = await streha("identity", "sign-device", environment=changed, typed="")
        assert (ran.code, "must be the account's" in ran.err) == (1, True), ran


# At a terminal ---------------------------------------------------------------------------------------


async def test_seeds_are_copied_by_hand_at_a_terminal(settings: Settings, operator: dict[str, str]) -> None:
    await start(settings)
    seeds = care_of(settings).seeds()

    def copy_down(terminal: Terminal) -> list[str]:
        shown = terminal.sees("Then press Enter")
        rows = re.findall(r"^\s+\d: (.{5} .{5})\r?$", shown, re.MULTILINE)
        assert len(rows) == paper.ROWS, shown
        terminal.types("")
        return rows

    def type_back(terminal: Terminal, rows: list[str], *, first: int = 1, slip_in: int | None = None) -> None:
        assert "\033[3J" in terminal.sees("Now type your copy")
        for number in range(first, (slip_in or paper.ROWS) + 1):
            terminal.sees(f"Row {number}: ")
            terminal.types("ABCDE FGHJK" if number == slip_in else rows[number - 1].lower())

    def person() -> None:
        with closing(Terminal("identity", "seed-offline", environment=operator)) as terminal:
            copied = copy_down(terminal)
            assert paper.read(copied, Kind.MASTER) == seeds[Kind.MASTER]
            # A slip in the last row is found too, and what was right is not asked for again.
            type_back(terminal, copied, slip_in=paper.ROWS)
            terminal.sees(f"Row {paper.ROWS} is not what the paper said")
            terminal.types("")
            type_back(terminal, copy_down(terminal), first=paper.ROWS)
            copied = copy_down(terminal)
            assert paper.read(copied, Kind.SIGNING) == seeds[Kind.SIGNING]
            type_back(terminal, copied)
            # Until here nothing is gone.
            terminal.sees("Go on?")
            assert care_of(settings).seeds() == seeds
            terminal.types("y")
            terminal.sees("No seed of the bot rests on this machine")
            assert terminal.process.wait(PATIENCE_SECONDS) == 0

    await asyncio.to_thread(person)
    resting = care_of(settings).resting()
    assert (resting.master_seed, resting.signing_seed) == (False, False)

    def check() -> None:
        rows = paper.rows(seeds[Kind.SIGNING], Kind.SIGNING)
        with closing(Terminal("identity", "check-seed", "signing", environment=operator)) as terminal:
            for number, row in enumerate(rows, start=1):
                terminal.sees(f"Row {number}: ")
                if number == 3:
                    terminal.types("ABCDE FGHJK")
                    terminal.sees("Row 3 of the paper is not right")
                    terminal.sees("Row 3: ")
                terminal.types(row)
            terminal.sees("The paper fits")
            assert terminal.process.wait(PATIENCE_SECONDS) == 0

    await asyncio.to_thread(check)
