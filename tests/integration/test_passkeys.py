"""Passkeys over the API: added soon after signing in, told of, used once each, and gone with all that hung on them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from agencies.model import Person
from agencies.passkeys import FRESH, MOST
from agencies.sign_in import CHALLENGE_LIFETIME
from crypto.tokens import new_token
from crypto.vault.bundle import BUNDLE_BYTES, Kind
from server.api.wire.directory import token_bytes, token_text
from tests.authenticator import PRESENT, VERIFIED, Authenticator, client_data
from tests.browser_session import BrowserSession, browser_of, kept
from tests.clock import MovableClock
from tests.served import Answered, ServedApi
from tests.with_passkeys import (
    ALL,
    FIRST,
    SIGN_IN,
    Kept,
    add,
    ask_new,
    browser_with,
    challenge,
    host_of,
    made,
    passkey_of,
    show,
    sign_in,
    unpacked,
)

pytest_plugins = ("tests.fixtures_api",)

SECOND = timedelta(seconds=1)
LOOK_ALIKE = "https://streha.example.org"


@pytest.fixture
async def ana(api: ServedApi) -> Person:
    """Add somebody to the staff."""
    return (await api.network.office()).worker


@pytest.fixture
async def passkey(api: ServedApi, ana: Person) -> Kept:
    """Give her a passkey."""
    return await passkey_of(api, ana)


async def rows(api: ServedApi, query: str) -> list[Any]:
    async with api.network.database.transaction() as tx:
        return [tuple(cast("Mapping[str, Any]", row).values()) for row in await tx.rows(query)]


async def acts(api: ServedApi) -> list[Any]:
    return await rows(api, "SELECT act, object_id, facts FROM ledger WHERE act <> 'person_added' ORDER BY entry")


async def told(api: ServedApi, person: Person) -> list[str]:
    """Return what the person is told alone with the bot."""
    query = "SELECT template, target_kind, target_id, mentions FROM outbox ORDER BY sequence"
    found = await rows(api, query)
    assert all(each[1:3] == ("person", person.id) for each in found)
    assert all(list(each[3]) == ([person.id] if each[0] == "passkey_ring" else []) for each in found)
    return [each[0] for each in found]


async def own(api: ServedApi, token: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await api.ask("GET", ALL, token=token)).json["passkeys"]
    return listed


def unmistakable(answer: Answered) -> dict[str, object]:
    return {**answer.require_problem(401), "incident": ""}


# Adding ------------------------------------------------------------------------------------------


async def test_a_passkey_is_added_and_signs_a_browser_in(api: ServedApi, ana: Person, clock: MovableClock) -> None:
    token = await api.token(ana)
    asked = await ask_new(api, token)
    assert (asked["host"], asked["known"]) == (host_of(api), [])
    authenticator = Authenticator(host=host_of(api))
    added = await api.ask("POST", ALL, made(api, asked, authenticator), token=token)
    assert added.status == 201
    assert added.json["number"] == asked["number"]

    clock.move(timedelta(hours=30))
    answered = await sign_in(api, Kept(id=added.json["id"], authenticator=authenticator))
    assert answered.status == 200
    assert answered.json["passkey"] == added.json["id"]
    flags = set(answered.headers["Set-Cookie"].split("; ")[1:])
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} < flags
    browser = BrowserSession(api=api, cookie=kept(answered).value)
    assert (await browser.ask("GET", "/api/me")).json["id"] == str(ana.id)
    listed = (await browser.ask("GET", ALL)).json
    assert listed["signed_in_with"] == added.json["id"]
    assert unpacked(listed["passkeys"][0]["credential"]) == authenticator.credential
    assert listed["passkeys"][0]["used_at"] is not None
    # It is a browser's session: no key stands behind it.
    (await browser.ask("POST", "/api/sign-in/links")).require_problem(401)


async def test_the_authenticator_learns_no_name(api: ServedApi, ana: Person) -> None:
    token = await api.token(ana)
    first = await ask_new(api, token)
    assert first.keys() == {"challenge", "host", "handle", "number", "known", "algorithms"}
    assert unpacked(first["handle"]) != ana.id.bytes
    assert len(unpacked(first["handle"])) == 32
    kept_passkey = await add(api, token)
    second = await ask_new(api, token)
    # The same for all passkeys of a person, so that an authenticator keeps one; and it says which it has.
    assert unpacked(second["handle"]) == kept_passkey.authenticator.handle
    assert [unpacked(each) for each in second["known"]] == [kept_passkey.authenticator.credential]
    assert second["number"] != (await own(api, token))[0]["number"]


async def test_it_stands_in_the_ledger_and_the_person_is_told(api: ServedApi, ana: Person) -> None:
    kept_passkey = await passkey_of(api, ana)
    assert [(act, str(about)) for act, about, _facts in await acts(api)][-1] == ("passkey_added", kept_passkey.id)
    assert await told(api, ana) == ["passkey_ring", "passkey_added"]
    await browser_with(api, kept_passkey)
    act, about, facts = (await acts(api))[-1]
    assert (act, str(about), facts) == ("signed_in", kept_passkey.id, {"through": "passkey"})
    token = await api.token(ana)
    assert (await api.ask("DELETE", f"{ALL}/{kept_passkey.id}", token=token)).status == 204
    assert [(act, str(about)) for act, about, _facts in await acts(api)][-1] == ("passkey_removed", kept_passkey.id)
    assert (await told(api, ana))[2:] == ["passkey_ring", "passkey_removed"]


async def test_a_session_that_is_not_fresh_adds_none(api: ServedApi, ana: Person, clock: MovableClock) -> None:
    browser = await browser_of(api, ana)
    clock.move(FRESH - SECOND)
    assert (await browser.ask("POST", FIRST)).status == 201
    clock.move(SECOND)
    refused = (await browser.ask("POST", FIRST)).require_problem(409)
    assert "ten minutes" in refused["detail"]
    assert await rows(api, "SELECT id FROM passkeys") == []


async def test_what_does_not_fit_adds_nothing(api: ServedApi, ana: Person, clock: MovableClock) -> None:
    token, host = await api.token(ana), host_of(api)
    other_token = await api.token((await api.network.office()).worker)

    async def fresh() -> bytes:
        return unpacked((await ask_new(api, token))["challenge"])

    def answer(nonce: bytes, **more: Any) -> dict[str, bytes]:
        origin, kind = more.pop("origin", api.url), more.pop("kind", "create")
        return {"client_data": client_data(kind, nonce, origin, **more), "attestation": good.make()}

    good = Authenticator(host=host)
    late = await fresh()
    clock.move(CHALLENGE_LIFETIME)
    whole = answer(await fresh())
    certified = {"sig": b"x", "alg": -7, "x5c": [b"certificate"]}
    wrong: list[dict[str, bytes]] = [
        answer(late),
        answer(new_token()),
        answer(unpacked((await ask_new(api, other_token))["challenge"])),
        answer(await challenge(api)),
        answer(await fresh(), origin=LOOK_ALIKE),
        answer(await fresh(), kind="get"),
        answer(await fresh(), crossOrigin=True),
        answer(await fresh(), topOrigin=LOOK_ALIKE),
        {**answer(await fresh()), "attestation": Authenticator(host="streha.example.org").make()},
        {**answer(await fresh()), "attestation": Authenticator(host=host, flags=PRESENT).make()},
        {**answer(await fresh()), "attestation": Authenticator(host=host, flags=VERIFIED).make()},
        {**answer(await fresh()), "attestation": Authenticator(host=host, credential=b"short").make()},
        {**answer(await fresh()), "attestation": good.make(form="packed", statement=certified)},
        {**answer(await fresh()), "attestation": good.make(form="packed", statement={"sig": bytes(70), "alg": -7})},
        {**answer(await fresh()), "attestation": good.make(form="tpm")},
        {**answer(await fresh()), "attestation": b"x"},
        {**answer(await fresh()), "attestation": good.make()[:-9]},
        {**answer(await fresh()), "attestation": good.make() + b"more"},
        {**answer(await fresh()), "client_data": b"{}"},
        {**answer(await fresh()), "client_data": b"[1]"},
        {**answer(await fresh()), "client_data": b"\xff"},
    ]
    answers = [await api.ask("POST", ALL, each, token=token) for each in wrong]
    said = [{**each.require_problem(400), "incident": ""} for each in answers]
    assert said == [said[0]] * len(said)
    assert "NOT added" in str(said[0]["detail"])
    assert await own(api, token) == []

    assert (await api.ask("POST", ALL, whole, token=token)).status == 201
    (await api.ask("POST", ALL, whole, token=token)).require_problem(400)
    # Nor does another person get what somebody has.
    again = made(api, await ask_new(api, other_token), good)
    (await api.ask("POST", ALL, again, token=other_token)).require_problem(400)
    assert len(await rows(api, "SELECT id FROM passkeys")) == 1


async def test_ten_are_enough_however_many_are_added_at_once(api: ServedApi, ana: Person) -> None:
    token = await api.token(ana)
    await add(api, token)
    asked = [await ask_new(api, token) for _ in range(MOST + 2)]
    bodies = [made(api, each, Authenticator(host=host_of(api))) for each in asked]
    async with asyncio.TaskGroup() as tasks:
        sent = [tasks.create_task(api.ask("POST", ALL, each, token=token)) for each in bodies]
    assert sorted(each.result().status for each in sent) == [201] * (MOST - 1) + [409] * 3
    (await api.ask("POST", FIRST, token=token)).require_problem(409)
    assert len(await own(api, token)) == MOST


# Signing in --------------------------------------------------------------------------------------


async def test_whatever_does_not_fit_is_refused_in_the_same_words(
    api: ServedApi, ana: Person, passkey: Kept, clock: MovableClock
) -> None:
    other = await passkey_of(api, (await api.network.office()).worker)
    removed = await passkey_of(api, ana)
    token = await api.token(ana)
    assert (await api.ask("DELETE", f"{ALL}/{removed.id}", token=token)).status == 204
    left = (await api.network.office()).worker
    of_who_left = await passkey_of(api, left)
    await api.network.depart(left)
    assert await rows(api, f"SELECT id FROM passkeys WHERE person_id = '{left.id}'") == []  # noqa: S608 (own id)
    mine, late = passkey.authenticator, await challenge(api)
    clock.move(CHALLENGE_LIFETIME)

    async def answer(by: Authenticator = mine, **more: Any) -> dict[str, object]:
        origin, nonce = more.pop("origin", api.url), more.pop("nonce", None) or await challenge(api)
        return by.answer(nonce, origin, **more)

    used = await answer()
    assert (await show(api, used)).status == 200
    before = await rows(api, "SELECT token_hash FROM sessions")
    right = await answer()
    for_adding = unpacked((await ask_new(api, await api.token(ana)))["challenge"])
    made_for_adding = client_data("create", await challenge(api), api.url)
    data, signature = mine.sign(made_for_adding)
    wrong: list[dict[str, object]] = [
        used,
        await answer(nonce=late),
        await answer(nonce=new_token()),
        await answer(nonce=for_adding),
        await answer(origin=LOOK_ALIKE),
        await answer(crossOrigin=True),
        await answer(by=replace(mine, host="streha.example.org")),
        await answer(by=replace(mine, flags=PRESENT)),
        await answer(by=replace(mine, flags=VERIFIED)),
        await answer(by=Authenticator(host=mine.host)),
        await answer(by=removed.authenticator),
        await answer(by=of_who_left.authenticator),
        # Another's passkey under one's own name, one's own under another's, and another's signature.
        await answer(by=replace(mine, credential=other.authenticator.credential)),
        await answer(by=replace(mine, handle=other.authenticator.handle)),
        await answer(by=replace(other.authenticator, credential=mine.credential, handle=mine.handle)),
        {**await answer(), "signature": bytes(70)},
        {**await answer(), "signature": b"x"},
        {**await answer(), "authenticator_data": bytes(37)},
        {**await answer(), "authenticator_data": b"x"},
        {**await answer(), "client_data": client_data("get", await challenge(api), api.url)},
        {**await answer(), "client_data": made_for_adding, "authenticator_data": data, "signature": signature},
        {**await answer(), "client_data": b"{}"},
        {**await answer(), "client_data": b'{"type":"webauthn.get","challenge":1,"origin":""}'},
        {**await answer(), "client_data": b"not JSON"},
    ]
    said = [unmistakable(await show(api, each)) for each in wrong]
    assert said == [said[0]] * len(said)
    assert "streha console" in str(said[0]["detail"])
    after = await rows(api, "SELECT token_hash FROM sessions")
    assert len(after) == len(before) + 1  # the key's session that asked for a new passkey's challenge
    # What was made before, and not used, still counts, although others were used meanwhile; but not from another page.
    (await api.ask("POST", SIGN_IN, right, headers={"Origin": LOOK_ALIKE})).require_problem(401)
    (await api.ask("POST", SIGN_IN, right)).require_problem(401)
    mine.counts = True
    assert (await show(api, await answer())).status == 200


async def test_a_challenge_that_was_answered_wrongly_is_used_up(api: ServedApi, passkey: Kept) -> None:
    nonce = await challenge(api)
    wrong = {**passkey.authenticator.answer(nonce, api.url), "signature": bytes(70)}
    (await show(api, wrong)).require_problem(401)
    (await show(api, passkey.authenticator.answer(nonce, api.url))).require_problem(401)
    assert (await sign_in(api, passkey)).status == 200


async def test_an_answer_shown_many_times_at_once_gives_one_session(api: ServedApi, passkey: Kept) -> None:
    answer = passkey.authenticator.answer(await challenge(api), api.url)
    async with asyncio.TaskGroup() as tasks:
        answers = [tasks.create_task(show(api, answer)) for _ in range(8)]
    assert sorted(each.result().status for each in answers) == [200] + [401] * 7


async def test_a_passkey_whose_count_goes_back_is_refused_and_told_once(
    api: ServedApi, ana: Person, passkey: Kept
) -> None:
    for _ in range(3):
        assert (await sign_in(api, passkey)).status == 200
    copy = replace(passkey.authenticator, signatures=1)
    refused = [unmistakable(await sign_in(api, replace(passkey, authenticator=copy))) for _ in range(2)]
    assert refused[0] == refused[1]
    assert [act for act, *_ in await acts(api)][-2:] == ["passkey_went_back"] * 2
    assert (await told(api, ana))[2:] == ["passkey_ring", "passkey_went_back"]
    # The one that counted on still does.
    assert (await sign_in(api, passkey)).status == 200


async def test_a_passkey_that_does_not_count_signs_in_again_and_again(api: ServedApi, ana: Person) -> None:
    authenticator = Authenticator(host=host_of(api), counts=False)
    kept_passkey = await add(api, await api.token(ana), authenticator)
    for _ in range(3):
        assert (await sign_in(api, kept_passkey)).status == 200
    # One that counted once and does no more has gone back.
    authenticator.counts = True
    assert (await sign_in(api, kept_passkey)).status == 200
    authenticator.counts, authenticator.signatures = False, 0
    (await sign_in(api, kept_passkey)).require_problem(401)


async def test_a_departure_and_a_sign_in_at_once_leave_nobody_signed_in(api: ServedApi) -> None:
    office = await api.network.office(workers=5)
    for person in office.workers:
        kept_passkey = await passkey_of(api, person)
        async with asyncio.TaskGroup() as tasks:
            opened = tasks.create_task(sign_in(api, kept_passkey))
            tasks.create_task(api.network.depart(person))
        assert opened.result().status in (200, 401)
    assert await rows(api, "SELECT token_hash FROM sessions") == []
    assert await rows(api, "SELECT id FROM passkeys") == []


# Removing ----------------------------------------------------------------------------------------


async def test_removing_a_passkey_ends_its_sessions_and_no_others(api: ServedApi, ana: Person, passkey: Kept) -> None:
    another = await passkey_of(api, ana)
    lost, also_lost = [await browser_with(api, passkey) for _ in range(2)]
    others = [await browser_with(api, another), await browser_of(api, ana)]
    removed = await others[0].ask("DELETE", f"{ALL}/{passkey.id}")
    assert removed.status == 204
    for browser in (lost, also_lost):
        (await browser.ask("GET", "/api/me")).require_problem(401)
        # Nor may it call for help any more: whoever has the device is not its owner.
        (await browser.ask("DELETE", "/api/sign-in/sessions/current")).require_problem(401)
    for browser in others:
        assert (await browser.ask("GET", "/api/me")).status == 200
    assert [each["id"] for each in (await others[1].ask("GET", ALL)).json["passkeys"]] == [another.id]
    (await others[0].ask("DELETE", f"{ALL}/{passkey.id}")).require_problem(404)


async def test_with_a_passkey_goes_what_it_unlocked_and_nothing_else(
    api: ServedApi, ana: Person, passkey: Kept
) -> None:
    another, token = await passkey_of(api, ana), await api.token(ana)
    bundle = bytes([1, Kind.PASSKEY]) + bytes(BUNDLE_BYTES - 2)
    for each in (passkey, another):
        body = {"kind": Kind.PASSKEY, "bundle": bundle}
        assert (await api.ask("PUT", f"/api/vault/bundles/{each.id}", body, token=token)).status < 300
    assert (await api.ask("DELETE", f"{ALL}/{passkey.id}", token=token)).status == 204
    (await api.ask("GET", f"/api/vault/bundles/{passkey.id}")).require_problem(404)
    assert (await api.ask("GET", f"/api/vault/bundles/{another.id}")).status == 200
    gone = [str(about) for act, about, _facts in await acts(api) if act == "bundle_taken"]
    assert gone == [passkey.id]
    # Nothing is kept for a passkey that is gone, nor for somebody else's: it would stay when that is removed.
    body = {"kind": Kind.PASSKEY, "bundle": bundle}
    (await api.ask("PUT", f"/api/vault/bundles/{passkey.id}", body, token=token)).require_problem(404)
    other = await api.token((await api.network.office()).worker)
    (await api.ask("PUT", f"/api/vault/bundles/{another.id}", body, token=other)).require_problem(404)
    (await api.ask("GET", f"/api/vault/bundles/{passkey.id}")).require_problem(404)


async def test_nobody_removes_anothers(api: ServedApi, ana: Person, passkey: Kept) -> None:
    other = await api.token((await api.network.office()).worker)
    absent = (await api.ask("DELETE", f"{ALL}/{passkey.id}", token=other)).require_problem(404)
    nowhere = (await api.ask("DELETE", f"{ALL}/{ana.id}", token=other)).require_problem(404)
    assert absent["detail"] == nowhere["detail"]
    assert await own(api, other) == []
    assert len(await own(api, await api.token(ana))) == 1


# What is kept ------------------------------------------------------------------------------------


async def test_neither_challenges_nor_tokens_are_stored(api: ServedApi, ana: Person, passkey: Kept) -> None:
    open_challenge = await challenge(api)
    browser = await browser_with(api, passkey)
    stored = str(await rows(api, "SELECT * FROM passkey_challenges")) + str(await rows(api, "SELECT * FROM sessions"))
    for secret in (open_challenge, token_bytes(browser.cookie)):
        assert repr(secret) not in stored
        assert token_text(secret) not in stored
    assert str(await rows(api, "SELECT * FROM passkeys")).count(repr(passkey.authenticator.handle)) == 1
    assert repr(ana.id.bytes) not in stored


async def test_challenges_whose_time_is_over_are_forgotten(api: ServedApi, ana: Person, clock: MovableClock) -> None:
    await challenge(api)
    await ask_new(api, await api.token(ana))
    clock.move(CHALLENGE_LIFETIME - SECOND)
    await api.services.sign_in.forget_expired()
    assert len(await rows(api, "SELECT 1 FROM passkey_challenges")) == 2
    clock.move(SECOND)
    await api.services.sign_in.forget_expired()
    assert await rows(api, "SELECT 1 FROM passkey_challenges") == []


async def test_a_request_of_another_form_is_not_valid(api: ServedApi, passkey: Kept) -> None:
    body = passkey.authenticator.answer(await challenge(api), api.url)
    for wrong in ({}, {**body, "more": 1}, {**body, "handle": 1}, {**body, "signature": bytes(5000)}):
        (await show(api, wrong)).require_problem(400)
    assert (await show(api, body)).status == 200
