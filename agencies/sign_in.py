"""Signing in: a challenge, its signed answer, and the session that follows.

An unknown person gets a challenge like anybody else and is refused at the end in the same words, so
that nobody learns who is on the staff. The server keeps hashes of nonces and tokens only. How a browser, which has no
key, is signed in stands in `agencies.browser_sign_in` and `agencies.passkey_sign_in`; its sessions are these.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from agencies import store
from agencies.model import PasskeyId, Person, PersonId
from core import ledger
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import NotAuthenticated
from core.settings import Settings
from core.texts import mark
from crypto import sign_in, signing, tokens

CHALLENGE_LIFETIME = timedelta(minutes=2)
REFUSED = mark("Signing in failed. Check the key file and try again.")
SIGN_IN_FIRST = mark("Sign in first.")
NO_KEY = bytes(signing.PUBLIC_KEY_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session: its token is shown once, to the person. A browser's may still raise when it has expired."""

    token: bytes
    expires_at: datetime
    raises_until: datetime | None = None


class SignIn:
    """Issues challenges and sessions."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._network = settings.network
        self._origin = settings.public_origin
        self._lifetime = timedelta(seconds=settings.session_lifetime)

    @property
    def network(self) -> bytes:
        """The 32 bytes that stand for the network's name in what is signed."""
        return signing.network_fingerprint(self._network)

    async def challenge(self, person_id: UUID) -> bytes:
        """Return a nonce for whoever says to be this person."""
        nonce = tokens.new_token()
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await tx.run(store.SQL["add_challenge"], tokens.token_hash(nonce), person_id, now + CHALLENGE_LIFETIME)
        return nonce

    async def sign_in(self, person_id: UUID, nonce: bytes, signature: bytes) -> Session:
        """Return a session for a rightly signed challenge, which is thereby used up."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            fresh = await tx.value(store.SQL["take_challenge"], tokens.token_hash(nonce), person_id, now)
            person = (await store.people(tx, [PersonId(person_id)])).get(PersonId(person_id))
        key = person.signing_key if person is not None and person.active else NO_KEY
        try:
            sign_in.check(
                key,
                signature,
                network=self._network,
                origin=self._origin,
                person=person_id.bytes,
                nonce=nonce,
            )
        except signing.SignatureInvalid as error:
            raise NotAuthenticated(REFUSED) from error
        if not fresh or person is None or not person.active:
            raise NotAuthenticated(REFUSED)
        session = Session(token=tokens.new_token(), expires_at=now + self._lifetime)
        async with self._database.transaction() as tx:
            await add_session(tx, person.id, session, now)
            await ledger.record(tx, ledger.Act(act="signed_in", at=now, person_id=person.id))
        return session

    async def person(self, token: bytes, *, urgent: bool = False, lapsed: bool = False) -> Person:
        """Return whose session this is; `urgent` where the person raises or accepts an alert.

        With `lapsed`, a browser's session counts for some days after its end: whoever asks so does nothing for it but
        raise an alert.
        """
        async with self._database.reading(urgent=urgent) as tx:
            row = await tx.row(store.SQL["person_of_session"], tokens.token_hash(token), self._clock.now(), lapsed)
        if row is None:
            raise NotAuthenticated(SIGN_IN_FIRST)
        return store.person_of(row)

    async def still_good(self, hashes: Collection[bytes]) -> frozenset[bytes]:
        """Return which of these sessions, by the hashes of their tokens, have not ended: one question for all."""
        async with self._database.reading() as reading:
            rows = await reading.rows(store.SQL["good_sessions"], hashes, self._clock.now())
        return frozenset(row["token_hash"] for row in rows)

    async def sign_out(self, token: bytes) -> None:
        """End a session."""
        async with self._database.transaction() as tx:
            await tx.run(store.SQL["end_session"], tokens.token_hash(token))

    async def forget_expired(self) -> None:
        """Delete challenges, links, sessions and invitations whose time is over.

        A browser's session goes when it may not even raise any more.
        """
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await tx.run(store.SQL["forget_expired_challenges"], now)
            await tx.run(store.SQL["forget_expired_links"], now)
            await tx.run(store.SQL["forget_expired_passkey_challenges"], now)
            await tx.run(store.SQL["forget_expired_sessions"], now)
            await tx.run(store.SQL["forget_expired_invitations"], now)


async def add_session(
    tx: Transaction, person_id: PersonId, session: Session, now: datetime, *, passkey_id: PasskeyId | None = None
) -> None:
    """Record a session; of its token only the hash. One that a passkey began ends when the passkey is removed.

    Whoever is of a suspended agency is refused.
    """
    if not await tx.run(
        store.SQL["add_session"], tokens.token_hash(session.token), person_id, now, session.expires_at,
        session.raises_until, passkey_id,
    ):  # fmt: skip
        raise NotAuthenticated(REFUSED)
