"""The `streha` command: the operator's and a person's, as they are typed."""

from __future__ import annotations

import asyncio
import re
import signal
import stat
import sys
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web

from agencies.browser_sign_in import LINK_LIFETIME
from agencies.model import Role
from cases import ledger
from cases.rules import NO_CASE
from core import migrations
from core.clock import SystemClock
from core.database import Database
from core.heartbeat import beat
from core.texts import render
from server.api.serving import serve
from tests.browser_session import open_link
from tests.commands import Ran, streha
from tests.linked import pin
from tests.people import Network, Scene
from tests.served import ServedApi
from tests.waiting import PATIENCE_SECONDS

pytest_plugins = ("tests.fixtures_api",)


@pytest.fixture
def operator(database_url: str) -> dict[str, str]:
    """Return the operator's environment."""
    return {
        "STREHA_DATABASE_URL": database_url,
        "STREHA_NETWORK": "invented network",
        "STREHA_PUBLIC_ORIGIN": "https://streha.example",
    }


# The operator ------------------------------------------------------------------------------------


async def test_an_operator_sets_up_an_installation(empty_database_url: str, tmp_path: Path) -> None:
    operator = {"STREHA_DATABASE_URL": empty_database_url, "STREHA_NETWORK": "invented network"}

    async def ok(*arguments: object) -> Ran:
        ran = await streha(*arguments, environment=operator)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran

    assert empty_database_url not in (await ok("check-config")).out
    refused = await streha("agency", "list", environment=operator)
    assert refused.code == 1
    assert refused.err == "streha: The database is older than this program. Run: streha migrate\n"
    assert (await ok("migrate", "--json")).json == {
        "applied": len(migrations.known()), "older_processes": []
    }  # fmt: skip
    assert (await ok("migrate", "--json")).json == {"applied": 0, "older_processes": []}

    shelter = await ok("agency", "add", "Shelter Lipa", "--kind", "shelter", "--country", "RS", "--json")
    assert shelter.json["name"] == "Shelter Lipa"
    await ok("agency", "add", "Police Directorate", "--kind", "police", "--country", "RS", "--language", "sr-Latn")
    key_path = tmp_path / "ana.key"
    added = await ok("person", "add", "Ana Primer", "--agency", "Shelter Lipa", "--matrix", "@ana:streha.test",
                     "--key-file", key_path)  # fmt: skip
    assert "delete your copy" in added.out
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    await ok("person", "add", "Boris Primer", "--agency", "Police Directorate", "--matrix", "@boris:streha.test",
             "--key-file", tmp_path / "boris.key", "--role", "security_officer")  # fmt: skip
    assert {each["name"] for each in (await ok("person", "list", "--json")).json} == {"Ana Primer", "Boris Primer"}
    only = await ok("person", "list", "--agency", "Police Directorate", "--json")
    assert [each["name"] for each in only.json] == ["Boris Primer"]
    assert "Ana Primer" in (await ok("person", "list")).out

    assert "no duty desk yet" in (await ok("agency", "desk", "Shelter Lipa")).out
    police = await ok("agency", "desk", "Police Directorate", "--always", "--seat", "@boris:streha.test", "--json")
    assert police.json["always_staffed"] is True
    assert len(police.json["officers"]) == 1
    shelter_desk = await ok("agency", "desk", "Shelter Lipa", "--covered-by", "Police Directorate", "--json")
    assert shelter_desk.json["covered_by"] == police.json["id"]
    unchanged = await ok("agency", "desk", "Police Directorate", "--unseat", "Boris Primer", "--json")
    assert unchanged.json["always_staffed"] is True
    assert unchanged.json["officers"] == []
    listed = (await ok("agency", "list")).out
    assert "Shelter Lipa" in listed
    assert "nobody" in listed

    assert (await ok("person", "leave", "Boris Primer", "--yes", "--json")).json.keys() == {"left"}
    assert len((await ok("person", "list", "--json")).json) == 1


async def test_what_an_operator_gets_wrong_is_said_in_one_line(operator: dict[str, str], tmp_path: Path) -> None:
    taken = tmp_path / "taken.key"
    taken.touch()
    await streha("agency", "add", "Shelter Lipa", "--kind", "shelter", "--country", "RS", environment=operator)
    person = ("person", "add", "Ana", "--matrix", "@ana:streha.test", "--agency")
    expected: list[tuple[int, str, tuple[object, ...], dict[str, str]]] = [
        (2, "A country is two capital letters", ("agency", "add", "X", "--kind", "ngo", "--country", "rs"), {}),
        (
            2,
            "This language is not known",
            ("agency", "add", "X", "--kind", "ngo", "--country", "RS", "--language", "x"),
            {},
        ),
        (1, "This has changed", ("agency", "add", "Shelter Lipa", "--kind", "shelter", "--country", "RS"), {}),
        (1, "There is no such agency.", (*person, "Nowhere", "--key-file", tmp_path / "a.key"), {}),
        (1, "exists already", (*person, "Shelter Lipa", "--key-file", taken), {}),
        (2, "cannot be written", (*person, "Shelter Lipa", "--key-file", tmp_path / "no" / "a.key"), {}),
        (1, "There is no such person.", ("person", "leave", "@nobody:x", "--yes"), {}),
        (2, "Unknown setting STREHA_DATABSE_URL", ("check-config",), {"STREHA_DATABSE_URL": "x"}),
        (2, "STREHA_API_PORT is not a valid int", ("check-config",), {"STREHA_API_PORT": "many"}),
        (2, "STREHA_PUBLIC_ORIGIN", ("check-config",), {"STREHA_PUBLIC_ORIGIN": "https://streha.example/path"}),
        (2, "must begin with https", ("check-config",), {"STREHA_PUBLIC_ORIGIN": "http://streha.example"}),
        (2, "must begin with https", ("run",), {"STREHA_PUBLIC_ORIGIN": "http://192.0.2.1:8008"}),
        (2, "STREHA_TIME_ZONE", ("check-config",), {"STREHA_TIME_ZONE": "Nowhere/Land"}),
        (2, "STREHA_QUIET_HOURS looks like", ("check-config",), {"STREHA_QUIET_HOURS": "night"}),
        (2, "STREHA_METRICS_PORT", ("check-config",), {"STREHA_METRICS_PORT": "8008"}),
        (
            3,
            "The database does not answer",
            ("agency", "list"),
            {"STREHA_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"},
        ),
        (2, "Usage:", ("agency", "add"), {}),
        (2, "Usage:", ("no-such-command",), {}),
    ]
    for code, words, arguments, changes in expected:
        ran = await streha(*arguments, environment={**operator, **changes})
        assert ran.code == code, ran
        assert words in ran.err, ran
        assert "Traceback" not in ran.err
        if "Usage" not in words:
            assert ran.err.startswith("streha: ")
            assert ran.err.count("\n") == 1
    assert not (tmp_path / "a.key").exists()


async def test_the_ledger_is_verified_and_a_change_is_found(
    scene: Scene, database: Database, operator: dict[str, str]
) -> None:
    assert scene.case.codename
    await ledger.sequence(database)
    whole = await streha("ledger", "verify", environment=operator)
    assert whole.code == 0
    assert "The ledger is whole" in whole.out
    head = whole.out.split()[-1]
    assert (await streha("ledger", "verify", "--head", head, environment=operator)).code == 0
    elsewhere = head.replace("1", "2", 1) if head.startswith("1") else f"1{head}"
    lost = await streha("ledger", "verify", "--head", elsewhere, environment=operator)
    assert lost.code == 1
    assert f"The head {elsewhere} is NOT in this ledger" in lost.out
    assert "whole" not in lost.out
    as_json = await streha("ledger", "verify", "--head", elsewhere, "--json", environment=operator)
    assert (as_json.code, as_json.json["head"], as_json.json["lost_head"]) == (1, head, elsewhere)
    assert (await streha("ledger", "verify", "--head", "nothing", environment=operator)).code == 2
    listed = (await streha("ledger", "list", "--json", "--limit", "5", environment=operator)).json
    assert [each["position"] for each in listed] == [1, 2, 3, 4, 5]
    assert "agency_added" in (await streha("ledger", "list", environment=operator)).out

    async with database.transaction() as tx:
        await tx.run("ALTER TABLE ledger DISABLE TRIGGER ledger_is_append_only")
        await tx.run("UPDATE ledger SET act = 'something_else' WHERE position = 3")
    broken = await streha("ledger", "verify", environment=operator)
    assert broken.code == 1
    assert "BROKEN: entry 3" in broken.out
    as_json = await streha("ledger", "verify", "--json", environment=operator)
    assert (as_json.code, as_json.json["whole"], as_json.json["broken_at"]) == (1, False, 3)

    async with database.transaction() as tx:
        await tx.run("ALTER TABLE ledger DROP CONSTRAINT ledger_position_check")
        await tx.run("UPDATE ledger SET position = -3 WHERE position = 3")
    hidden = await streha("ledger", "verify", environment=operator)
    assert hidden.code == 1
    assert "BROKEN: 1 entries were put in outside the chain" in hidden.out


async def test_the_doctor_says_what_to_do(
    scene: Scene, database: Database, network: Network, operator: dict[str, str]
) -> None:
    operator["STREHA_PUBLIC_ORIGIN"] = "http://127.0.0.1:1"
    ran = await streha("doctor", environment=operator)
    assert ran.code == 1
    assert "Set STREHA_HOMESERVER_URL" in ran.out
    assert "No desk is staffed at all hours" in ran.out
    assert "The role engine has never run" in ran.out
    assert "Nobody can confirm devices" in ran.out
    assert "ok       metrics: off with these settings" in ran.out

    desk = await streha("agency", "desk", scene.police.agency.name, "--always", environment=operator)
    assert desk.code == 0
    for role in ("engine", "bots"):
        await beat(database, role, SystemClock().now())
    administrator = await network.person(scene.police.agency, Role.ADMINISTRATOR)
    await network.person(scene.police.agency, Role.ADMINISTRATOR)
    linked = await network.person(scene.police.agency)
    await pin(network, await network.confirm(linked, administrator, await network.claim(linked)))
    await ledger.sequence(database)
    operator["STREHA_METRICS_PORT"] = "9461"
    found = (await streha("doctor", "--json", environment=operator)).json
    assert {"check": "metrics", "ok": True, "todo": None, "note": None} in found["checks"]
    not_ok = {each["check"] for each in found["checks"] if not each["ok"]}
    assert not_ok == {"homeserver answers", "people's address leads here"}

    unreachable = {**operator, "STREHA_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}
    found = (await streha("doctor", "--json", environment=unreachable)).json
    assert {each["check"] for each in found["checks"] if not each["ok"]} == {*not_ok, "database answers"}


# A person ----------------------------------------------------------------------------------------


async def test_a_person_opens_staffs_and_closes_a_case(api: ServedApi) -> None:
    scene = await api.network.scene()
    key = {"STREHA_KEY_FILE": str(api.key_path(scene.coordinator))}

    async def ok(*arguments: object) -> Ran:
        ran = await streha(*arguments, environment=key)
        assert (ran.code, ran.err) == (0, ""), ran
        return ran

    police, welfare = scene.police.agency.name, scene.welfare.agency.name
    opened = await ok("case", "open", "--agency", f"{police}=responder", "--agency", f"{welfare}=informed",
                      "--member", scene.police.worker.matrix_user, "--language", "sr-Latn", "--json")  # fmt: skip
    codename = opened.json["codename"]
    assert {scene.case.codename, codename} <= {each["codename"] for each in (await ok("case", "list", "--json")).json}
    assert codename in (await ok("case", "list")).out
    await ok("case", "member", "add", codename, scene.welfare.worker.name)
    shown = (await ok("case", "show", codename.upper())).out
    assert scene.welfare.worker.name in shown
    assert police in shown
    await ok("case", "member", "remove", codename, scene.welfare.worker.matrix_user)
    await ok("case", "part", codename, welfare, "responder")
    circle = (await ok("case", "compartment", "open", codename, "--member", scene.police.worker.name, "--json")).json
    await ok("case", "compartment", "close", circle["codename"], "--yes")
    leaders = await ok("case", "leaders", codename, "--coordinator", scene.coordinator.name,
                       "--deputy", scene.police.worker.name, "--json")  # fmt: skip
    assert leaders.json["deputy"] == str(scene.police.worker.id)
    await ok("case", "exclude", codename, scene.police.worker.name, "--yes")
    found = (await ok("case", "show", codename, "--json")).json
    assert found["excluded"] == [str(scene.police.worker.id)]
    assert found["deputy"] is None

    level = await ok("review", "level", codename, "very_high", "--at", "2026-03-02T08:00:00Z", "--json")
    assert level.json["due_at"] == "2026-03-03T08:00:00Z"
    assert codename in (await ok("review", "list")).out
    assert "To be assessed again by" in (await ok("review", "done", codename)).out
    assert len((await ok("review", "list", "--json")).json) == 1

    kept = await streha("case", "close", codename, environment=key)
    assert (kept.code, kept.err) == (2, "streha: This cannot be taken back. Add --yes to go on.\n")
    await ok("case", "close", codename, "--yes", "--json")
    gone = await streha("case", "show", codename, environment=key)
    assert (gone.code, gone.err) == (1, "streha: There is no such case.\n")


async def test_a_person_opens_the_console_in_a_browser(api: ServedApi) -> None:
    person = (await api.network.office()).worker
    key = {"STREHA_KEY_FILE": str(api.key_path(person))}
    ran = await streha("console", environment=key)
    assert (ran.code, ran.err) == (0, "")
    addresses = re.findall(rf"^  ({re.escape(api.url)}/console/#[\w-]{{43}})$", ran.out, re.MULTILINE)
    as_json = (await streha("console", "--json", environment=key)).json
    addresses.append(as_json["address"])
    assert datetime.fromisoformat(as_json["expires_at"]) == api.network.clock.now() + LINK_LIFETIME
    # The command's own session is over, and each of its links works once.
    async with api.network.database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM sessions") == 0
    for address in addresses:
        codes = [(await open_link(api, address.partition("#")[2])).status for _ in range(2)]
        assert codes == [200, 401]
    assert len(addresses) == 2


async def test_a_peoples_address_that_leads_here_is_found(
    api: ServedApi, operator: dict[str, str], unused_tcp_port: int
) -> None:
    async def checked(origin: str) -> bool:
        found = (await streha("doctor", "--json", environment={**operator, "STREHA_PUBLIC_ORIGIN": origin})).json
        return next(bool(each["ok"]) for each in found["checks"] if each["check"] == "people's address leads here")

    assert await checked(api.url)
    assert not await checked(f"http://127.0.0.1:{unused_tcp_port}")
    elsewhere = web.Application()

    async def healthy(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    elsewhere.router.add_get("/healthz", healthy)
    async with serve(elsewhere, "127.0.0.1", 0) as port:
        assert not await checked(f"http://127.0.0.1:{port}")


async def test_an_alert_from_raise_to_stand_down(api: ServedApi) -> None:
    scene = await api.network.scene()
    raiser, officer = api.key_path(scene.coordinator), api.key_path(scene.police.officer)
    codename = scene.case.codename
    raised = await streha("alert", "raise", codename, "--once", "--key", raiser)
    assert raised.code == 0
    assert "STORED" in raised.out
    drill = await streha("alert", "raise", codename, "--once", "--drill", "--key", raiser)
    assert all(line.startswith("-- EXERCISE -- ") for line in drill.out.splitlines())

    assert "EXERCISE" in (await streha("alert", "list", "--key", officer)).out
    accepted = await streha("alert", "ack", codename, "--key", officer)
    assert "You have accepted" in accepted.out
    assert "EXERCISE" not in accepted.out
    assert scene.welfare.agency.name in accepted.out
    stays = await streha("alert", "raise", codename, "--json", "--key", raiser)
    assert stays.code == 0
    assert '"known":"accepted"' in stays.out
    words = await streha("alert", "raise", codename, "--key", raiser)
    assert f"ACCEPTED by {scene.police.officer.name}" in words.out
    shown = (await streha("alert", "show", codename, "--key", officer)).out
    assert scene.police.officer.name in shown

    name = scene.coordinator.name
    spoke = (await streha("alert", "spoke", codename, name, "--key", officer)).out
    assert spoke.startswith(f"{scene.police.officer.name} spoke to {name} at ")
    assert spoke.strip() in (await streha("alert", "show", codename, "--key", raiser)).out
    wrong = await streha("alert", "spoke", codename, name, "--at", "later", "--key", officer)
    assert (wrong.code, "A time looks like 03:12" in wrong.err) == (2, True)
    early = await streha("alert", "stand-down", codename, "--reason", "safe", "--key", api.key_path(scene.deputy))
    assert (early.code, early.err) == (1, "streha: Accept the alert first, ring back, and then end it.\n")
    paused = await streha("alert", "stand-down", codename, "--reason", "safe", "--key", raiser)
    assert "Your word was passed on." in paused.out
    ended = await streha("alert", "stand-down", codename, "--reason", "safe", "--key", officer)
    assert ended.out == f"{codename} has ended.\n"
    listed = (await streha("alert", "list", "--ended", "--json", "--key", officer)).json
    assert {(each["status"], each["state"]) for each in listed} == {("Actual", "stood_down"), ("Exercise", "open")}


async def test_what_a_person_gets_wrong_is_said_in_one_line(api: ServedApi, tmp_path: Path) -> None:
    scene = await api.network.scene()
    own, foreign = api.key_path(scene.coordinator), api.key_path(scene.stranger)
    open_to_all = tmp_path / "open.key"
    open_to_all.write_bytes(own.read_bytes())
    open_to_all.chmod(0o644)
    expected: list[tuple[int, str, tuple[object, ...]]] = [
        (1, "There is no such case.", ("case", "show", scene.case.codename, "--key", foreign)),
        (1, "There is no such case.", ("case", "show", scene.case.id, "--key", foreign)),
        (1, "There is no such case.", ("case", "show", uuid4(), "--key", foreign)),
        (1, "There is no such compartment.", ("alert", "raise", "no-such", "--key", own)),
        (1, "There is no such person.", ("case", "member", "add", scene.case.codename, "Nobody", "--key", own)),
        (1, "There is no such agency.", ("case", "part", scene.case.codename, "Nowhere", "informed", "--key", own)),
        (1, "There is no such review.", ("review", "done", scene.case.codename, "--key", own)),
        (1, "No open alert", ("alert", "ack", scene.case.codename, "--key", own)),
        (2, "responder or informed", ("case", "open", "--agency", f"{scene.ngo.agency.name}=x", "--key", own)),
        (
            2,
            "A time looks like",
            ("review", "level", scene.case.codename, "low", "--at", "2026-03-01T10:00", "--key", own),
        ),
        (
            2,
            "not in this century",
            ("review", "level", scene.case.codename, "low", "--at", "1850-03-01T10:00Z", "--key", own),
        ),
        (2, "chmod 600", ("case", "list", "--key", open_to_all)),
        (1, "There is no file", ("case", "list", "--key", tmp_path / "none.key")),
        (2, "Usage:", ("case", "list")),
        (2, "Usage:", ("review", "level", scene.case.codename, "sky-high", "--key", own)),
    ]
    for code, words, arguments in expected:
        ran = await streha(*arguments)
        assert ran.code == code, ran
        assert words in ran.err, ran
        assert "Traceback" not in ran.err
        if "Usage" not in words:
            assert ran.err.count("\n") == 1


async def test_when_nothing_answers_a_raise_says_so_and_whom_to_ring(api: ServedApi, unused_tcp_port: int) -> None:
    scene = await api.network.scene()
    nowhere = {
        "STREHA_API_URL": f"http://127.0.0.1:{unused_tcp_port}",
        "STREHA_KEY_FILE": str(api.key_path(scene.member)),
    }
    ran = await streha("alert", "raise", scene.case.codename, "--once", environment=nowhere)
    assert ran.code == 3
    assert "NOT raised." in ran.out
    assert "ring 192 now" in ran.out
    assert "does not answer" in ran.err


async def test_ctrl_c_ends_a_raise_with_its_own_exit_code(api: ServedApi) -> None:
    scene = await api.network.scene()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streha", "alert", "raise", scene.case.codename, "--key", api.key_path(scene.member),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert b"STORED" in await process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = await process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in said


async def test_a_person_is_answered_in_the_language_asked_for(api: ServedApi) -> None:
    stranger = (await api.network.office()).worker
    said = {}
    for language in ("en", "sr-Latn", "sr-Cyrl"):
        environment = {"STREHA_LANGUAGE": language, "STREHA_KEY_FILE": str(api.key_path(stranger))}
        here = await streha("case", "show", "no-such-case", environment=environment)
        # The server answers this one.
        there = await streha("case", "show", uuid4(), environment=environment)
        assert (here.code, there.code) == (1, 1)
        assert here.err == there.err == f"streha: {render(NO_CASE, language)}\n"
        said[language] = here.err
    assert len(set(said.values())) == 3
