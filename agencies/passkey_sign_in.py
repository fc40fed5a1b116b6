"""Signing a browser in with a passkey: a challenge that anybody gets, its answer, and the session that follows.

Nobody says who they are before: the authenticator names the passkey. Whatever does not fit (an unknown passkey, one
that was removed, somebody who has left, a wrong signature, a challenge used twice or too late, another page) is
refused in the same words. The session is a browser's as a link begins it (`agencies.browser_sign_in`), and ends when
its passkey is removed.

An authenticator that counts must count on. One that went back may have been copied: it is refused, and its owner hears
of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies import passkey_messages, sign_in, store
from agencies.browser_sign_in import RAISES_AFTER_END
from agencies.model import PasskeyId
from agencies.passkeys import place_of
from agencies.sign_in import CHALLENGE_LIFETIME, Session
from core import ledger, outbox
from core.clock import Clock
from core.database import Database, Row, Transaction
from core.errors import NotAuthenticated
from core.settings import Settings
from core.texts import mark
from crypto import passkey, tokens
from crypto.passkey import PasskeyRefused

PASSKEY_REFUSED = mark("Signing in with this passkey failed. Try again, or make a link: streha console")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What an authenticator answered, in WebAuthn's own forms; `handle` is what it was told of its owner."""

    credential: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    handle: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What to sign, and for which host."""

    challenge: bytes
    host: str


class PasskeySignIn:
    """Issues challenges to passkeys, and sessions of browsers for what they answer."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = timedelta(seconds=settings.session_lifetime)
        self._place = place_of(settings)

    async def challenge(self) -> Challenge:
        """Return something to sign, once, within two minutes."""
        challenge = tokens.new_token()
        ends = self._clock.now() + CHALLENGE_LIFETIME
        async with self._database.transaction() as tx:
            await tx.run(store.SQL["add_passkey_challenge"], tokens.token_hash(challenge), None, None, None, ends)
        return Challenge(challenge=challenge, host=self._place.host)

    async def sign_in(self, shown: Shown) -> tuple[Session, PasskeyId]:
        """Return a browser's session for a right answer to a challenge, which is thereby used up, and the passkey."""
        now = self._clock.now()
        try:
            known, signatures = await self._checked(shown, now)
        except PasskeyRefused:
            raise NotAuthenticated(PASSKEY_REFUSED) from None
        try:
            session = await self._begin(known, signatures, now)
        except NotAuthenticated:
            # Of a suspended agency, which is nobody's business here.
            session = None
        if session is None:
            raise NotAuthenticated(PASSKEY_REFUSED)
        return session, known["id"]

    async def _checked(self, shown: Shown, now: datetime) -> tuple[Row, int]:
        challenge = passkey.challenge_in(shown.client_data)
        async with self._database.transaction() as tx:
            fresh = await tx.row(store.SQL["take_passkey_challenge"], tokens.token_hash(challenge), None, now)
            known = await tx.row(store.SQL["passkey_by_credential"], shown.credential)
        if fresh is None or known is None or known["handle"] != shown.handle:
            raise PasskeyRefused
        signatures = passkey.signatures_shown(
            shown.credential, known["public_key"], shown.client_data, shown.authenticator_data, shown.signature,
            challenge=challenge, place=self._place,
        )  # fmt: skip
        return known, signatures

    async def _begin(self, known: Row, signatures: int, now: datetime) -> Session | None:
        """Begin a session, or note that the passkey went back; nothing where it or its person is there no more."""
        ends = now + self._lifetime
        session = Session(token=tokens.new_token(), expires_at=ends, raises_until=ends + RAISES_AFTER_END)
        async with self._database.transaction() as tx:
            # The person before the passkey: the order in which a departure takes them.
            person = (await store.people(tx, [known["person_id"]], share=True)).get(known["person_id"])
            held = await tx.row(store.SQL["hold_passkey"], known["id"])
            if person is None or not person.active or held is None:
                return None
            before: int = held["signatures"]
            if signatures <= before and (signatures or before):
                await _note_went_back(tx, held, now)
                return None
            await tx.run(store.SQL["passkey_used"], held["id"], signatures, now.replace(second=0, microsecond=0))
            await sign_in.add_session(tx, person.id, session, now, passkey_id=held["id"])
            act = ledger.Act(
                act="signed_in", at=now, person_id=person.id, object_id=held["id"], facts={"through": "passkey"}
            )
            await ledger.record(tx, act)
        return session


async def _note_went_back(tx: Transaction, held: Row, now: datetime) -> None:
    """Note it each time; say it once for each count that was passed again."""
    passkey_id, person_id = held["id"], held["person_id"]
    await ledger.record(tx, ledger.Act(act="passkey_went_back", at=now, actor_kind="system", object_id=passkey_id))
    told = passkey_messages.told(person_id, passkey_id, "passkey_went_back", str(held["signatures"]))
    await outbox.post(tx, told, now)
