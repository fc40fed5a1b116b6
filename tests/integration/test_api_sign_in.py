"""Signing in: only the right key, for the right origin, once, in time."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from agencies.model import Person
from core.ids import new_id
from crypto import sign_in, signing
from tests.clock import MovableClock
from tests.served import Answered, ServedApi

pytest_plugins = ("tests.fixtures_api",)


async def challenge(api: ServedApi, person: Person) -> bytes:
    answer = await api.ask("POST", "/api/sign-in/challenges", {"person": person.id})
    assert answer.status == 201
    return base64.b64decode(answer.json["nonce"])


async def respond(api: ServedApi, person: Person, nonce: bytes, signed: dict[str, Any] | None = None) -> Answered:
    facts = {
        "seed": api.network.seeds[person.id],
        "network": api.services.settings.network,
        "origin": api.url,
        "person": person.id.bytes,
        "nonce": nonce,
    }
    signature = sign_in.answer(**{**facts, **(signed or {})})
    body = {"person": person.id, "nonce": nonce, "signature": signature}
    return await api.ask("POST", "/api/sign-in/sessions", body)


async def test_a_signed_challenge_becomes_a_session_that_can_be_ended(api: ServedApi) -> None:
    person = (await api.network.office()).worker
    answer = await respond(api, person, await challenge(api, person))
    assert answer.status == 201
    token = answer.json["token"]
    me = await api.ask("GET", "/api/me", token=token)
    assert me.json["id"] == str(person.id)
    assert (await api.ask("DELETE", "/api/sign-in/sessions/current", token=token)).status == 204
    (await api.ask("GET", "/api/me", token=token)).require_problem(401)


async def test_a_challenge_is_worth_something_once(api: ServedApi) -> None:
    person = (await api.network.office()).worker
    nonce = await challenge(api, person)
    assert (await respond(api, person, nonce)).status == 201
    (await respond(api, person, nonce)).require_problem(401)


async def test_a_failed_answer_uses_the_challenge_up(api: ServedApi) -> None:
    person = (await api.network.office()).worker
    nonce = await challenge(api, person)
    (await respond(api, person, nonce, {"seed": signing.new_seed()})).require_problem(401)
    (await respond(api, person, nonce)).require_problem(401)


async def test_a_challenge_ends_after_two_minutes(api: ServedApi, clock: MovableClock) -> None:
    person = (await api.network.office()).worker
    nonce = await challenge(api, person)
    clock.move(timedelta(minutes=2))
    (await respond(api, person, nonce)).require_problem(401)


@pytest.mark.parametrize("wrong", ["seed", "origin", "network", "person", "nonce"])
async def test_every_wrong_fact_is_refused_in_the_same_words(api: ServedApi, wrong: str) -> None:
    office = await api.network.office(workers=2)
    person, other = office.workers
    values: dict[str, Any] = {
        "seed": api.network.seeds[other.id],
        "origin": "https://streha.example.evil",
        "network": "another network",
        "person": other.id.bytes,
        "nonce": bytes(32),
    }
    refused = await respond(api, person, await challenge(api, person), {wrong: values[wrong]})
    problem = refused.require_problem(401)
    assert problem["detail"] == "Signing in failed. Check the key file and try again."
    assert refused.headers["WWW-Authenticate"] == "Bearer"


async def test_one_persons_challenge_is_not_anothers(api: ServedApi) -> None:
    office = await api.network.office(workers=2)
    nonce = await challenge(api, office.workers[0])
    (await respond(api, office.workers[1], nonce)).require_problem(401)


async def test_whoever_is_not_on_the_staff_hears_nothing_else(api: ServedApi) -> None:
    person = (await api.network.office()).worker
    unknown = await api.ask("POST", "/api/sign-in/challenges", {"person": uuid4()})
    known = await api.ask("POST", "/api/sign-in/challenges", {"person": person.id})
    assert (unknown.status, unknown.json.keys()) == (known.status, known.json.keys())
    body = {"person": new_id(), "nonce": base64.b64decode(unknown.json["nonce"]), "signature": bytes(64)}
    problem = (await api.ask("POST", "/api/sign-in/sessions", body)).require_problem(401)
    assert problem["detail"] == "Signing in failed. Check the key file and try again."


async def test_a_session_ends_by_itself_and_when_its_person_leaves(api: ServedApi, clock: MovableClock) -> None:
    office = await api.network.office(workers=2)
    stays, leaves = [await api.token(each) for each in office.workers]
    await api.network.depart(office.workers[1])
    (await api.ask("GET", "/api/me", token=leaves)).require_problem(401)
    (await respond(api, office.workers[1], await challenge(api, office.workers[1]))).require_problem(401)
    assert (await api.ask("GET", "/api/me", token=stays)).status == 200
    clock.move(timedelta(seconds=api.services.settings.session_lifetime))
    (await api.ask("GET", "/api/me", token=stays)).require_problem(401)


async def test_a_client_signs_in_again_when_its_session_has_ended(api: ServedApi, clock: MovableClock) -> None:
    person = (await api.network.office()).worker
    async with api.client(person) as client:
        assert (await client.me()).id == person.id
        clock.move(timedelta(days=2))
        assert (await client.me()).id == person.id


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Bearer !!!", "Bearer AAAA", "Basic YTpi", "bearer " + "A" * 43, "Bearer " + "A" * 43],
)
async def test_no_header_that_is_not_a_session_opens_anything(api: ServedApi, header: str) -> None:
    answer = await api.ask("GET", "/api/cases", headers={"Authorization": header} if header else None)
    assert answer.require_problem(401)["detail"] == "Sign in first."


async def test_neither_nonce_nor_token_stands_in_the_database(api: ServedApi) -> None:
    person = (await api.network.office()).worker
    nonce = await challenge(api, person)
    token = base64.urlsafe_b64decode(await api.token(person) + "=")
    async with api.network.database.transaction() as tx:
        hashes = await tx.rows("SELECT nonce_hash AS it FROM sign_in_challenges UNION SELECT token_hash FROM sessions")
    assert len(hashes) == 2
    assert not {nonce, token} & {row["it"] for row in hashes}
