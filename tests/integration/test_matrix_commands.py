"""Linking as people type it: from the session key on a screen to `linked`, and what goes wrong on the way."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta

import pytest

from agencies.attestation import LinkState, code_of
from agencies.model import Person, Role
from core.clock import SystemClock
from crypto import signing
from tests.clock import MovableClock
from tests.commands import Ran, streha
from tests.linked import Shelter, acts, note_changed, pin, standing
from tests.people import Network
from tests.served import ServedApi

pytest_plugins = ("tests.fixtures_api", "tests.fixtures_linking")


@pytest.fixture(autouse=True)
def present(clock: MovableClock) -> None:
    """Set the time of this machine, by which a device is signed for."""
    clock.set(SystemClock().now())


def shown(key: bytes) -> str:
    """Return a session key as a client shows it."""
    text = base64.b64encode(key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


async def matrix(api: ServedApi, person: Person, *arguments: object) -> Ran:
    ran = await streha("matrix", *arguments, environment={"STREHA_KEY_FILE": str(api.key_path(person))})
    assert "Traceback" not in ran.err
    return ran


async def ok(api: ServedApi, person: Person, *arguments: object) -> Ran:
    ran = await matrix(api, person, *arguments)
    assert (ran.code, ran.err) == (0, ""), ran
    return ran


async def test_a_person_is_linked_by_three_commands(api: ServedApi, shelter: Shelter) -> None:
    worker, administrator, key = shelter.worker, shelter.administrator, signing.public_key(signing.new_seed())
    assert (await ok(api, administrator, "pending")).out == "Nobody waits for you.\n"
    assert "not linked" in (await ok(api, worker, "list")).out

    said = (await ok(api, worker, "link", "--device", "GHTYAJCE", "--session-key", shown(key))).out
    assert f"GHTYAJCE of {worker.matrix_user} waits to be confirmed." in said
    # What is read aloud must come from the device: this machine may have been given another's key.
    assert code_of(key)[:9] not in said
    pending = (await ok(api, administrator, "pending")).out
    assert all(each in pending for each in (worker.name, worker.matrix_user, "GHTYAJCE", shelter.office.agency.name))
    assert shown(key)[:4] not in pending
    (waiting,) = (await ok(api, administrator, "pending", "--json")).json
    assert waiting.keys() == {"person", "agency", "name", "matrix_user", "device", "made_at"}

    assert "Confirmed." in (await ok(api, administrator, "confirm", worker.name, "--code", code_of(key))).out
    assert "has not found the device's identity yet" in (await ok(api, worker, "list")).out
    link = (await standing(api.network))[worker.matrix_user]
    assert link.device_key == key
    await pin(api.network, link.id)
    alone = (await ok(api, worker, "list")).out
    assert "linked" in alone
    assert "Ring them." not in alone
    everybody = (await ok(api, administrator, "list", "--json")).json
    assert {each["name"]: each["state"] for each in everybody}[worker.name] == LinkState.LINKED
    assert len(everybody) == 4
    assert "Ring them." in (await ok(api, administrator, "list")).out

    await note_changed(api.network, link.id)
    assert "IDENTITY CHANGED" in (await ok(api, administrator, "list")).out
    await ok(api, worker, "link", "--device", "SECOND", "--session-key", shown(key))
    assert "IDENTITY CHANGED" in (await ok(api, administrator, "list")).out
    await ok(api, administrator, "refuse", worker.matrix_user)
    assert "Ended." in (await ok(api, administrator, "end", worker.name, "--reason", "compromised")).out
    assert await standing(api.network) == {}


async def test_everything_has_a_form_for_programs(api: ServedApi, shelter: Shelter) -> None:
    worker, administrator, key = shelter.worker, shelter.administrator, signing.public_key(signing.new_seed())
    link = ("link", "--device", "GHTYAJCE", "--session-key", shown(key), "--json")
    assert (await ok(api, worker, *link)).json["device"] == "GHTYAJCE"
    assert (await ok(api, administrator, "refuse", worker.id, "--json")).json == {"refused": str(worker.id)}
    await ok(api, worker, *link)
    confirm = ("confirm", worker.matrix_user, "--code", code_of(key), "--json")
    assert (await ok(api, administrator, *confirm)).json == {"confirmed": str(worker.id)}
    assert (await ok(api, worker, "list", "--json")).json == [
        {
            "person": str(worker.id), "name": worker.name, "matrix_user": worker.matrix_user,
            "state": "waiting_for_identity", "device": "GHTYAJCE", "claimed_at": None,
        }
    ]  # fmt: skip
    assert (await ok(api, worker, "end", "--reason", "reset", "--json")).json == {"ended": str(worker.id)}


async def test_what_goes_wrong_is_said_in_one_line(api: ServedApi, shelter: Shelter, network: Network) -> None:
    worker, administrator = shelter.worker, shelter.administrator
    stranger = await network.person((await network.office()).agency, Role.ADMINISTRATOR)
    key = await network.claim(worker)
    wrong = code_of(bytes([key[0] ^ 0xFF]) + key[1:])
    link: Sequence[object] = ("link", "--device", "GHTYAJCE", "--session-key")
    expected: list[tuple[Person, int, str, tuple[object, ...]]] = [
        (worker, 2, "This is not a session key.", (*link, "AbCd EfGh")),
        (worker, 2, "This is not a session key.", (*link, shown(key)[:-1] + "!")),
        (worker, 2, "This is not a device id.", ("link", "--device", "GHTY AJCE", "--session-key", shown(key))),
        (administrator, 1, "Tries left: 4", ("confirm", worker.name, "--code", wrong)),
        (administrator, 2, "A code has 16", ("confirm", worker.name, "--code", "AbCd")),
        (administrator, 1, "There is no such person who waits", ("confirm", "Nobody", "--code", wrong)),
        (stranger, 1, "There is no such person who waits", ("confirm", worker.name, "--code", code_of(key))),
        (stranger, 1, "There is no such person who waits", ("confirm", worker.id, "--code", code_of(key))),
        (worker, 1, "You cannot confirm or refuse your own", ("confirm", worker.name, "--code", code_of(key))),
        (worker, 1, "You cannot confirm or refuse your own", ("refuse", worker.matrix_user)),
        (stranger, 1, "There is no such person.", ("end", worker.name, "--reason", "reset")),
        (stranger, 1, "There is no such person.", ("end", worker.id, "--reason", "reset")),
        (administrator, 1, "is not linked", ("end", administrator.name, "--reason", "reset")),
        (administrator, 2, "Usage:", ("end", worker.name, "--reason", "replaced")),
        (administrator, 2, "Usage:", ("confirm", worker.name)),
    ]
    for person, code, words, arguments in expected:
        ran = await matrix(api, person, *arguments)
        assert (ran.code, words in ran.err) == (code, True), ran
        if "Usage" not in words:
            assert ran.err.count("\n") == 1
    assert await standing(network) == {}


async def test_a_machine_whose_clock_is_off_is_told(api: ServedApi, clock: MovableClock, shelter: Shelter) -> None:
    clock.move(timedelta(minutes=25))
    key = signing.public_key(signing.new_seed())
    ran = await matrix(api, shelter.worker, "link", "--device", "GHTYAJCE", "--session-key", shown(key))
    assert ran.code == 2
    assert "The clock of your machine is 25 minutes off." in ran.err


async def test_a_request_that_the_person_did_not_sign_does_nothing(api: ServedApi, shelter: Shelter) -> None:
    """Whoever has somebody's session, and not the key, cannot link a device."""
    network, worker, other = api.network, shelter.worker, shelter.administrator
    at = network.clock.now().replace(microsecond=0)
    key = bytes(range(32))
    signature = network.word(other, "GHTYAJCE", key, at)
    body = {"device": "GHTYAJCE", "key": key, "signed_at": at, "signature": signature}
    token = await api.token(worker)
    (await api.ask("POST", "/api/matrix/claims", body, token=token)).require_problem(400)
    body["signature"] = network.word(worker, "GHTYAJCE", key, at)
    assert (await api.ask("POST", "/api/matrix/claims", body, token=token)).status == 201
    assert len(await network.linking.pending(other)) == 1


async def test_the_doctor_counts_and_names_nobody(network: Network, database_url: str, shelter: Shelter) -> None:
    environment = {"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": "invented network"}

    async def told() -> tuple[bool, str]:
        ran = await streha("doctor", "--json", environment=environment)
        (found,) = [each for each in ran.json["checks"] if "linked" in each["check"]]
        assert shelter.worker.name not in ran.out
        return found["ok"], found["todo"] or found["note"] or ""

    assert await told() == (False, "Nobody is linked, so no alert can be read in any room. See: streha matrix --help")
    link = await network.confirm(shelter.worker, shelter.administrator, await network.claim(shelter.worker))
    assert not (await told())[0]
    await pin(network, link)
    ready, words = await told()
    assert ready
    assert "read no alert: 3." in words
    await note_changed(network, link)
    assert await told() == (
        False, "People whose Matrix identity has changed: 1. Ring them. See: streha matrix list",
    )  # fmt: skip
    for each in (shelter.administrator, shelter.other_administrator, shelter.worker):
        await network.depart(each)
    ready, words = await told()
    assert not ready
    assert "no person is an administrator" in words
    await network.depart(shelter.office.officer)
    assert await told() == (True, "")


async def test_the_doctor_says_who_can_never_be_linked(
    network: Network, clock: MovableClock, database_url: str, shelter: Shelter
) -> None:
    clock.set(SystemClock().now())
    environment = {"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": "invented network"}

    async def told() -> str:
        ran = await streha("doctor", "--json", environment=environment)
        (found,) = [each for each in ran.json["checks"] if "linked" in each["check"]]
        return found["todo"] or found["note"] or ""

    link = await network.confirm(shelter.worker, shelter.administrator, await network.claim(shelter.worker))
    await pin(network, link)
    await network.depart(shelter.other_administrator)
    assert "one administrator, whom nobody can confirm" in await told()
    other = await network.person(shelter.office.agency, Role.ADMINISTRATOR)
    assert "read no alert: 3." in await told()
    # Confirmed two hours ago, and no identity was found.
    clock.set(SystemClock().now() - timedelta(hours=2))
    await network.confirm(shelter.administrator, other, await network.claim(shelter.administrator))
    assert "leads to no identity: 1." in await told()


async def test_the_operator_ends_a_link_at_night(network: Network, database_url: str, shelter: Shelter) -> None:
    environment = {"STREHA_DATABASE_URL": database_url, "STREHA_NETWORK": "invented network"}
    await network.confirm(shelter.worker, shelter.administrator, await network.claim(shelter.worker))
    unlink = ("person", "unlink", shelter.worker.matrix_user, "--reason", "compromised", "--yes")
    assert (await streha(*unlink, environment=environment)).code == 0
    assert await standing(network) == {}
    assert (await acts(network))[-1] == "matrix_link_ended"
    assert (await streha(*unlink, environment=environment)).code == 1
    assert (
        await streha("person", "unlink", "@nobody:x", "--reason", "left", "--yes", environment=environment)
    ).code == 1
