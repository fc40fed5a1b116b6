"""`streha keys`, `unlock`, `lock` and `network init` over a served API: what people type, and what they are told."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from agencies.trust import network as trusted
from client import key_file
from client.key_file import LockedKeyFile
from core.clock import SystemClock
from core.database import Database
from crypto import signing
from tests.at_terminal import PATIENCE_SECONDS, Terminal
from tests.clock import MovableClock
from tests.commands import streha
from tests.passphrases import OWN, with_passphrases
from tests.people import NETWORK, Scene
from tests.served import ServedApi
from tests.unit.test_locked_keys import MEMORY

pytest_plugins = ("tests.fixtures_api",)

OTHER = "osam crvenih kola stoji na putu"


@pytest.fixture
async def town(api: ServedApi, clock: MovableClock) -> Scene:
    """Make people and a case at this moment: what is signed bears the time of a real machine."""
    clock.set(SystemClock().now())
    return await api.network.scene()


@pytest.fixture
def runtime() -> Iterator[dict[str, str]]:
    with TemporaryDirectory(dir=MEMORY, prefix="streha-runtime-") as place:
        yield {"XDG_RUNTIME_DIR": place}


async def sealed(api: ServedApi, town: Scene) -> Path:
    path = api.key_path(town.coordinator)
    ran = await with_passphrases((OWN,), "keys", "seal", "--key", path)
    assert ran.code == 0, ran
    return path


async def test_a_key_in_clear_is_sealed_and_works_as_before_with_its_passphrase(
    api: ServedApi, database: Database, town: Scene
) -> None:
    path = api.key_path(town.coordinator)
    before = key_file.load(path)
    ran = await with_passphrases((OWN,), "keys", "seal", "--key", path, "--json")
    assert (ran.code, ran.json["locked"], ran.json["kept_at_server"]) == (0, True, True), ran
    locked = key_file.read(path)
    assert isinstance(locked, LockedKeyFile)
    assert (locked.person_id, locked.signing_key) == (before.person_id, signing.public_key(before.seed))
    assert before.seed not in path.read_bytes()
    async with database.transaction() as tx:
        row = await tx.row("SELECT id, bundle FROM vault_bundles WHERE person_id = $1", before.person_id)
    assert row is not None
    assert (row["id"], bytes(row["bundle"])) == (locked.bundle_id, locked.bundle)

    assert (await with_passphrases((OWN,), "case", "list", "--key", path)).code == 0
    wrong = await with_passphrases((OTHER,), "case", "list", "--key", path)
    assert (wrong.code, "does not open these keys" in wrong.err, OTHER in wrong.err) == (2, True, False)
    # From a pipe nobody is asked, and nothing of it is taken for a passphrase.
    piped = await streha("case", "list", "--key", path, typed=f"{OWN}\n")
    assert (piped.code, "streha unlock" in piped.err) == (2, True), piped
    none = await with_passphrases((), "case", "list", "--key", path)
    assert (none.code, "--passphrase-fd" in none.err) == (2, True)
    closed = await streha("--passphrase-fd", 987, "case", "list", "--key", path)
    assert closed.code == 2
    again = await with_passphrases((OWN,), "keys", "seal", "--key", path)
    assert (again.code, "locked already" in again.err) == (1, True)
    shown = await streha("keys", "show", "--key", path)
    assert shown.code == 0
    assert str(locked.person_id) in shown.out
    assert locked.device_secret.hex() not in shown.out


async def test_an_alert_is_raised_with_locked_keys_and_what_fails_is_said_not_to_be(
    api: ServedApi, town: Scene
) -> None:
    path, codename = await sealed(api, town), town.case.codename
    raised = await with_passphrases((OWN,), "alert", "raise", codename, "--once", "--key", path)
    assert raised.code == 0, raised
    assert raised.err.startswith("NOT raised yet: your keys are locked. In danger ring 192 now")
    assert "NOT raised." not in raised.out
    alerts = (await with_passphrases((OWN,), "alert", "list", "--key", path, "--json")).json
    assert len(alerts) == 1
    wrong = await with_passphrases((OTHER,), "alert", "raise", codename, "--key", path)
    assert (wrong.code, "NOT raised." in wrong.out) == (2, True), wrong
    unasked = await streha("alert", "raise", codename, "--key", path, "--json", "--drill")
    assert (unasked.code, unasked.json["known"], unasked.json["exercise"]) == (2, "not_raised", True)
    assert "ring 192" not in unasked.err


async def test_keys_are_unlocked_for_a_while_and_locked_again(
    api: ServedApi, town: Scene, runtime: dict[str, str]
) -> None:
    path = await sealed(api, town)
    opened = await with_passphrases((OWN,), "unlock", "--for", "30m", "--key", path, environment=runtime)
    assert (opened.code, "Close them: streha lock" in opened.out) == (0, True), opened
    assert (await streha("case", "list", "--key", path, environment=runtime)).code == 0
    assert (await streha("keys", "show", "--key", path, "--json", environment=runtime)).json["open_until"]
    assert (await streha("lock", "--json", environment=runtime)).json == {"forgotten": 1}
    assert (await streha("case", "list", "--key", path, environment=runtime)).code == 2
    for wrong in ("25h", "0m", "12", "x", "-1h", "٣h"):
        refused = await with_passphrases((OWN,), "unlock", f"--for={wrong}", "--key", path, environment=runtime)
        assert refused.code == 2, wrong
    nowhere = await with_passphrases((OWN,), "unlock", "--key", path, environment={"XDG_RUNTIME_DIR": ""})
    assert (nowhere.code, "asks for the passphrase" in nowhere.err) == (2, True)
    clear = await streha("unlock", "--key", api.key_path(town.member), environment=runtime)
    assert (clear.code, "streha keys seal" in clear.err) == (2, True)


async def test_a_passphrase_is_changed_and_a_lost_device_is_forgotten(
    api: ServedApi, town: Scene, runtime: dict[str, str]
) -> None:
    path = await sealed(api, town)
    before = key_file.read(path)
    assert isinstance(before, LockedKeyFile)
    await with_passphrases((OWN,), "unlock", "--key", path, environment=runtime)
    weak = await with_passphrases((OWN, "short"), "keys", "passphrase", "--key", path)
    assert (weak.code, key_file.read(path)) == (2, before)
    changed = await with_passphrases((OWN, OTHER), "keys", "passphrase", "--key", path, environment=runtime)
    assert changed.code == 0, changed
    after = key_file.read(path)
    assert isinstance(after, LockedKeyFile)
    assert (after.bundle_id, after.signing_key) == (before.bundle_id, before.signing_key)
    # What was kept open went with the old one.
    assert (await streha("case", "list", "--key", path, environment=runtime)).code == 2
    assert (await with_passphrases((OWN,), "case", "list", "--key", path)).code == 2
    devices = await with_passphrases((OTHER,), "keys", "devices", "--key", path, "--json")
    assert [each["bundle"] for each in devices.json] == [str(before.bundle_id)]
    assert "this one" in (await with_passphrases((OTHER,), "keys", "devices", "--key", path)).out
    unsure = await with_passphrases((OTHER,), "keys", "lost", before.bundle_id, "--key", path)
    assert unsure.code == 2
    lost = await with_passphrases((OTHER,), "keys", "lost", before.bundle_id, "--yes", "--key", path)
    assert lost.code == 0, lost
    assert (await with_passphrases((OTHER,), "keys", "devices", "--key", path, "--json")).json == []
    # The file itself opens as ever, and is kept again when it is asked for.
    assert (await with_passphrases((OTHER,), "keys", "upload", "--key", path)).code == 0
    assert len((await with_passphrases((OTHER,), "keys", "devices", "--key", path, "--json")).json) == 1


async def test_what_the_server_does_not_take_is_locked_here_nevertheless(api: ServedApi, town: Scene) -> None:
    path = api.key_path(town.coordinator)
    nowhere = {"STREHA_API_URL": "http://127.0.0.1:9"}
    ran = await with_passphrases((OWN,), "keys", "seal", "--key", path, environment=nowhere)
    assert (ran.code, "streha keys upload" in ran.out) == (0, True), ran
    assert (await with_passphrases((OWN,), "keys", "upload", "--key", path)).code == 0


async def test_a_person_at_a_terminal_copies_drawn_words_and_types_them(
    api: ServedApi, town: Scene, runtime: dict[str, str]
) -> None:
    path = str(api.key_path(town.coordinator))
    spoken = {**runtime, "STREHA_LANGUAGE": "sr-Cyrl"}

    def at_terminal() -> None:
        with closing(Terminal("keys", "seal", "--key", path, environment=spoken)) as person:
            person.sees("само ви:")
            shown = re.sub(r"\x1b\[\d*\w", "", person.sees("притисните Ентер"))
            words = " ".join(shown.split()[:7])
            person.types("")
            person.sees("са папира:")
            person.types(words)
            person.sees("закључани")
            assert person.process.wait(PATIENCE_SECONDS) == 0
        with closing(Terminal("unlock", "--key", path, environment={**runtime, "STREHA_LANGUAGE": "en"})) as person:
            person.sees("Passphrase:")
            person.types("zzz " + words)
            person.sees("first word is not one of the list")
            person.sees("Passphrase:")
            person.types(words.upper())
            person.sees("Close them: streha lock")
            assert words not in person.said

    await asyncio.to_thread(at_terminal)
    assert (await streha("case", "list", "--key", path, environment=runtime)).code == 0


async def test_a_network_is_founded_by_its_first_administrators_and_trusted_by_its_fingerprint(
    api: ServedApi, town: Scene, tmp_path: Path, database_url: str
) -> None:
    paths, offers, codes = {}, [], {}
    agencies = {"Ana Primer": town.shelter.agency, "Petar Primer": town.police.agency}
    for name, agency in agencies.items():
        path, offer = tmp_path / f"{name[:3]}.key", tmp_path / f"{name[:3]}.offer"
        made = await with_passphrases((OWN,), "keys", "new", path, "--api", api.url, "--network", NETWORK)
        assert (made.code, "streha keys offer" in made.out) == (0, True), made
        offered = await with_passphrases(
            (OWN,), "keys", "offer", offer, "--name", name, "--agency", agency.id, "--matrix",
            f"@{name[:3].lower()}-founder:streha.test", "--key", path, "--json",
        )  # fmt: skip
        assert offered.code == 0, offered
        paths[name], codes[name] = path, offered.json["code"]
        offers += ["--offer", offer]
    listed = tmp_path / "agencies.json"
    listed.write_bytes(
        msgspec.json.encode([{"id": each.id, "name": each.name, "kind": each.kind} for each in agencies.values()])
    )
    ana, genesis, page = paths["Ana Primer"], tmp_path / "network.genesis", tmp_path / "network.html"
    init = ("network", "init", genesis, "--name", "Invented network", "--agencies", listed, "--key", ana)
    unsure = await with_passphrases((OWN,), *init, *offers)
    assert unsure.code == 2
    for code in codes.values():
        assert code in unsure.out
    alone = await with_passphrases((OWN,), *init, "--offer", offers[3], "--yes")
    assert (alone.code, "own offer is missing" in alone.err, genesis.exists()) == (2, True, False)
    twice = await with_passphrases((OWN,), *init, *offers, *offers[:2], "--yes")
    assert (twice.code, genesis.exists()) == (2, False), twice
    founded = await with_passphrases((OWN,), *init, *offers, "--yes", "--page", page)
    assert founded.code == 0, founded
    network = trusted.read_genesis(genesis.read_bytes()).head.hash
    shown = trusted.fingerprint(network)
    assert shown in founded.out
    assert "<svg" in page.read_text()
    assert shown.split()[0] in page.read_text()

    # Before the operator has installed it nobody can say that they trust it; then only the right one.
    early = await with_passphrases((OWN,), "keys", "trust", *shown.split(), "--key", ana)
    assert early.code == 1, early
    installed = await streha(
        "network", "install", genesis, environment={"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": NETWORK}
    )  # fmt: skip
    assert (installed.code, shown in installed.out) == (0, True), installed
    wrong = await with_passphrases((OWN,), "keys", "trust", "00" * 32, "--key", ana)
    assert (wrong.code, "DANGER" in wrong.err) == (2, True), wrong
    short = await with_passphrases((OWN,), "keys", "trust", "3f2a", "--key", ana)
    assert short.code == 2
    for path in paths.values():
        said = await with_passphrases((OWN,), "keys", "trust", *shown.upper().split(), "--key", path)
        assert said.code == 0, said
        locked = key_file.read(path)
        assert isinstance(locked, LockedKeyFile)
        assert locked.genesis == network
        assert (await with_passphrases((OWN,), "case", "list", "--key", path)).code == 0
