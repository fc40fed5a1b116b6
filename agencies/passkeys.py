"""A person's passkeys: asked for, added, listed, removed. Signing in with one is `agencies.passkey_sign_in`'s.

A passkey is a key pair that an authenticator keeps and uses for one host only, once its owner has been verified there
by finger, face or PIN (WebAuthn). Here are its public half and the authenticator's name for it. The authenticator is
told as little as it takes: random bytes for the person, the same for all passkeys of one, and "Streha" with four
digits.

Whoever got hold of a browser's session must not make more of it: a passkey is added only within minutes of signing in,
and the person hears of it. Removing one ends its sessions and takes with it what it unlocked in the vault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from agencies import passkey_messages, store
from agencies.model import PasskeyId, Person
from agencies.passkey_messages import number_of
from agencies.sign_in import CHALLENGE_LIFETIME, SIGN_IN_FIRST
from core import ledger, outbox
from core.clock import Clock
from core.database import Database, Reading, Row, Transaction
from core.errors import Conflict, InvalidInput, NotAuthenticated, NotFound
from core.ids import new_id
from core.settings import Settings
from core.texts import mark
from crypto import passkey, tokens
from crypto.passkey import PasskeyRefused, Place

MOST = 10
FRESH = timedelta(minutes=10)
NO_PASSKEY = mark("You have no such passkey. It may have been removed already.")
NOT_ADDED = mark("The passkey was NOT added: what the device answered does not fit, or came too late. Try again.")
TOO_MANY = mark("You have ten passkeys. Remove one that you do not use first.")
SIGN_IN_AGAIN = mark(
    "A passkey is added only within ten minutes of signing in. Sign out, sign in again, and add it at once."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey. `synced`: its owner's other devices can have it too. `used_at` is to the minute."""

    id: PasskeyId
    credential: bytes
    synced: bool
    added_at: datetime
    used_at: datetime | None

    @property
    def number(self) -> str:
        """The four digits that stand at the authenticator."""
        return number_of(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an authenticator is asked for a new passkey; it must know none of `known`."""

    challenge: bytes
    host: str
    handle: bytes
    number: str
    known: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A person's passkeys, the oldest first, and with which of them the session began, if with one."""

    passkeys: tuple[Passkey, ...]
    signed_in_with: PasskeyId | None


class Passkeys:
    """Keeps everybody's passkeys, for themselves."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._place = place_of(settings)

    async def ask(self, actor: Person, token: bytes) -> Asked:
        """Return what to ask an authenticator for; the session that this token is of must have begun just now."""
        now, challenge = self._clock.now(), tokens.new_token()
        async with self._database.transaction() as tx:
            await _hold(tx, actor)
            if not await tx.value(store.SQL["begun_since"], tokens.token_hash(token), now - FRESH):
                raise Conflict(SIGN_IN_AGAIN)
            rows = await _rows(tx, actor)
            if len(rows) >= MOST:
                raise Conflict(TOO_MANY)
            handle = rows[0]["handle"] if rows else tokens.new_token()
            passkey_id = _fresh_id({number_of(row["id"]) for row in rows})
            await tx.run(
                store.SQL["add_passkey_challenge"], tokens.token_hash(challenge), passkey_id, actor.id, handle,
                now + CHALLENGE_LIFETIME,
            )  # fmt: skip
        return Asked(
            challenge=challenge,
            host=self._place.host,
            handle=handle,
            number=number_of(passkey_id),
            known=tuple(row["credential"] for row in rows),
        )

    async def add(self, actor: Person, client_data: bytes, attestation: bytes) -> Passkey:
        """Add the passkey that an authenticator made for a challenge, which is thereby used up; tell the person."""
        now = self._clock.now()
        try:
            challenge = passkey.challenge_in(client_data)
            async with self._database.transaction() as tx:
                asked = await tx.row(
                    store.SQL["take_passkey_challenge"], tokens.token_hash(challenge), actor.id, now
                )  # fmt: skip
            made = passkey.registered(client_data, attestation, challenge=challenge, place=self._place)
        except PasskeyRefused:
            raise InvalidInput(NOT_ADDED) from None
        if asked is None:
            raise InvalidInput(NOT_ADDED)
        async with self._database.transaction() as tx:
            await _hold(tx, actor)
            rows = await _rows(tx, actor)
            if len(rows) >= MOST:
                raise Conflict(TOO_MANY)
            handle = rows[0]["handle"] if rows else asked["handle"]
            added = handle == asked["handle"] and await tx.value(
                store.SQL["add_passkey"], asked["passkey_id"], actor.id, handle, made.credential, made.public_key,
                made.signatures, made.synced, now,
            )  # fmt: skip
            if not added:
                raise InvalidInput(NOT_ADDED)
            act = ledger.Act(act="passkey_added", at=now, person_id=actor.id, object_id=asked["passkey_id"])
            await _note(tx, actor, asked["passkey_id"], act)
        return Passkey(
            id=asked["passkey_id"], credential=made.credential, synced=made.synced, added_at=now, used_at=None
        )  # fmt: skip

    async def mine(self, actor: Person, token: bytes) -> Own:
        """Return the actor's passkeys."""
        async with self._database.reading() as reading:
            rows = await _rows(reading, actor)
            used = await reading.value(store.SQL["passkey_of_session"], tokens.token_hash(token))
        return Own(passkeys=tuple(_passkey(row) for row in rows), signed_in_with=used)

    async def remove(self, actor: Person, passkey_id: PasskeyId) -> None:
        """Remove a passkey of the actor's: its sessions end, and what it unlocked in the vault goes."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            # Held as where one is added. Whoever has left has none.
            await tx.row(store.SQL["hold_people"], [actor.id])
            if not await tx.value(store.SQL["remove_passkey"], passkey_id, actor.id):
                raise NotFound(NO_PASSKEY)
            act = ledger.Act(act="passkey_removed", at=now, person_id=actor.id, object_id=passkey_id)
            await _note(tx, actor, passkey_id, act)
            # What the passkey unlocked in the vault has its id.
            if await tx.run(store.SQL["take_bundle"], passkey_id, actor.id):
                taken = ledger.Act(act="bundle_taken", at=now, person_id=actor.id, object_id=passkey_id)
                await ledger.record(tx, taken)


def place_of(settings: Settings) -> Place:
    """Return where passkeys of this installation are for."""
    return Place(origin=settings.public_origin, host=urlsplit(settings.public_origin).hostname or "")


async def _hold(tx: Transaction, actor: Person) -> None:
    """Hold the actor, so that nobody counts their passkeys at the same time; whoever has left has none."""
    row = await tx.row(store.SQL["hold_people"], [actor.id])
    if row is None or row["left_at"] is not None:
        raise NotAuthenticated(SIGN_IN_FIRST)


async def _rows(reading: Reading, actor: Person) -> list[Row]:
    return list(await reading.rows(store.SQL["passkeys_of_person"], actor.id))


def _fresh_id(numbers: set[str]) -> PasskeyId:
    """Return an id whose number is told from these."""
    while True:
        passkey_id = PasskeyId(new_id())
        if number_of(passkey_id) not in numbers:
            return passkey_id


async def _note(tx: Transaction, actor: Person, passkey_id: PasskeyId, act: ledger.Act) -> None:
    """Record what the actor did, and tell them, whoever it was."""
    await ledger.record(tx, act)
    await outbox.post(tx, passkey_messages.told(actor.id, passkey_id, act.act, ""), act.at)


def _passkey(row: Row) -> Passkey:
    return Passkey(
        id=row["id"],
        credential=row["credential"],
        synced=row["synced"],
        added_at=row["added_at"],
        used_at=row["used_at"],
    )
