"""Signing in with a challenge: once, in time, by the right person, for this origin and network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from agencies.model import Person
from agencies.sign_in import CHALLENGE_LIFETIME, REFUSED, SignIn
from core.database import Database
from core.errors import NotAuthenticated
from core.settings import Settings
from crypto import sign_in as answers
from tests.clock import MovableClock
from tests.people import Network


class Door:
    """Signs people in as their own programs would."""

    def __init__(self, database: Database, clock: MovableClock, settings: Settings, network: Network) -> None:
        self.entrance = SignIn(database, clock, settings)
        self._settings = settings
        self._network = network

    def signed(self, signer: Person, challenge: bytes, **changed: object) -> bytes:
        """Answer a challenge, rightly unless something is changed."""
        asked: dict[str, object] = {
            "network": self._settings.network, "origin": self._settings.public_origin, "person": signer.id.bytes,
            "nonce": challenge, **changed,
        }  # fmt: skip
        return answers.answer(self._network.seeds[signer.id], **asked)  # type: ignore[arg-type]

    async def enter(self, person: Person) -> bytes:
        """Sign somebody in and return the session's token."""
        nonce = await self.entrance.challenge(person.id)
        return (await self.entrance.sign_in(person.id, nonce, self.signed(person, nonce))).token


@pytest.fixture
def door(database: Database, clock: MovableClock, settings: Settings, network: Network) -> Door:
    """Return the way in."""
    return Door(database, clock, settings, network)


@pytest.fixture
async def ana(network: Network) -> Person:
    """Add somebody to the staff."""
    return (await network.office()).worker


async def test_a_rightly_signed_challenge_opens_a_session(
    database: Database, door: Door, ana: Person, clock: MovableClock, settings: Settings
) -> None:
    nonce = await door.entrance.challenge(ana.id)
    session = await door.entrance.sign_in(ana.id, nonce, door.signed(ana, nonce))
    assert session.expires_at == clock.now() + timedelta(seconds=settings.session_lifetime)
    assert (await door.entrance.person(session.token)).id == ana.id
    async with database.transaction() as tx:
        # What a stolen table holds signs nobody in.
        stored = await tx.value("SELECT string_agg(encode(token_hash, 'hex'), '') FROM sessions")
        assert session.token.hex() not in stored
        assert await tx.value("SELECT count(*) FROM ledger WHERE act = 'signed_in' AND actor_id = $1", ana.id) == 1
    await door.entrance.sign_out(session.token)
    with pytest.raises(NotAuthenticated):
        await door.entrance.person(session.token)


async def test_a_session_ends(door: Door, ana: Person, clock: MovableClock, settings: Settings) -> None:
    token = await door.enter(ana)
    clock.move(timedelta(seconds=settings.session_lifetime) - timedelta(seconds=1))
    assert await door.entrance.person(token)
    clock.move(timedelta(seconds=1))
    with pytest.raises(NotAuthenticated):
        await door.entrance.person(token)


async def test_who_leaves_is_signed_out(door: Door, ana: Person, network: Network) -> None:
    token = await door.enter(ana)
    nonce = await door.entrance.challenge(ana.id)
    await network.depart(ana)
    with pytest.raises(NotAuthenticated):
        await door.entrance.person(token)
    with pytest.raises(NotAuthenticated, match=REFUSED):
        await door.entrance.sign_in(ana.id, nonce, door.signed(ana, nonce))


async def test_a_challenge_is_used_once_even_at_the_same_moment(database: Database, door: Door, ana: Person) -> None:
    nonce = await door.entrance.challenge(ana.id)
    signature = door.signed(ana, nonce)

    async def enter() -> bool:
        try:
            await door.entrance.sign_in(ana.id, nonce, signature)
        except NotAuthenticated:
            return False
        return True

    async with asyncio.TaskGroup() as tasks:
        entered = [tasks.create_task(enter()) for _ in range(8)]
    assert sum(each.result() for each in entered) == 1
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM sessions") == 1


async def test_a_challenge_runs_out(door: Door, ana: Person, clock: MovableClock) -> None:
    nonce = await door.entrance.challenge(ana.id)
    clock.move(CHALLENGE_LIFETIME)
    with pytest.raises(NotAuthenticated, match=REFUSED):
        await door.entrance.sign_in(ana.id, nonce, door.signed(ana, nonce))


@pytest.mark.parametrize(
    "changed",
    [{"origin": "https://look-alike.example"}, {"network": "another network"}, {"nonce": bytes(32)},
     {"person": bytes(16)}],
)  # fmt: skip
async def test_an_answer_for_something_else_is_refused(door: Door, ana: Person, changed: dict[str, object]) -> None:
    nonce = await door.entrance.challenge(ana.id)
    with pytest.raises(NotAuthenticated, match=REFUSED):
        await door.entrance.sign_in(ana.id, nonce, door.signed(ana, nonce, **changed))


async def test_everybody_else_is_refused_in_the_same_words(door: Door, ana: Person, network: Network) -> None:
    boris = (await network.office()).worker
    for_ana = await door.entrance.challenge(ana.id)
    for_boris = await door.entrance.challenge(boris.id)
    unknown = uuid4()
    for_nobody = await door.entrance.challenge(unknown)
    assert len({len(each) for each in (for_ana, for_boris, for_nobody)}) == 1
    attempts: dict[str, Callable[[], tuple[UUID, bytes, bytes]]] = {
        "another's key": lambda: (ana.id, for_ana, door.signed(boris, for_ana, person=ana.id.bytes)),
        "another's challenge": lambda: (ana.id, for_boris, door.signed(ana, for_boris)),
        "nobody": lambda: (unknown, for_nobody, door.signed(ana, for_nobody, person=unknown.bytes)),
        "a nonce of nobody's": lambda: (ana.id, bytes(32), door.signed(ana, bytes(32))),
        "a short nonce": lambda: (ana.id, b"short", bytes(64)),
        "no signature": lambda: (ana.id, for_ana, b""),
        "zeros": lambda: (unknown, for_nobody, bytes(64)),
    }
    for name, attempt in attempts.items():
        with pytest.raises(NotAuthenticated) as refused:
            await door.entrance.sign_in(*attempt())
        assert str(refused.value) == REFUSED, name


async def test_a_token_that_is_none_is_refused(door: Door) -> None:
    for token in (b"", bytes(32), b"\xff" * 1000):
        with pytest.raises(NotAuthenticated):
            await door.entrance.person(token)
        await door.entrance.sign_out(token)


async def test_what_has_run_out_is_forgotten(
    database: Database, door: Door, ana: Person, clock: MovableClock, settings: Settings
) -> None:
    await door.enter(ana)
    await door.entrance.challenge(ana.id)
    clock.move(timedelta(seconds=settings.session_lifetime) - timedelta(seconds=1))
    token = await door.enter(ana)
    clock.move(timedelta(seconds=1))
    await door.entrance.forget_expired()
    assert await door.entrance.person(token)
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM sessions") == 1
        assert await tx.value("SELECT count(*) FROM sign_in_challenges") == 0


async def test_another_origin_is_another_door(
    database: Database, door: Door, ana: Person, clock: MovableClock, settings: Settings
) -> None:
    elsewhere = SignIn(database, clock, replace(settings, public_origin="https://streha.example"))
    nonce = await elsewhere.challenge(ana.id)
    with pytest.raises(NotAuthenticated):
        await elsewhere.sign_in(ana.id, nonce, door.signed(ana, nonce))
