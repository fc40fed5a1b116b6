"""Signing a browser in: a link that works once and for minutes, made by whoever is signed in with a key.

A browser holds no key. Its session is weaker than a key's in one way, that it makes no further links, and stronger in
another: when its time is over it may still raise an alert for some days, because a call for help must never fail over
a session that ended while somebody held the button. The server keeps hashes of codes and tokens only.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies import sign_in, store
from agencies.model import Person, PersonId
from agencies.sign_in import SIGN_IN_FIRST, Session
from core import ledger
from core.clock import Clock
from core.database import Database
from core.errors import NotAuthenticated
from core.settings import Settings
from core.texts import mark
from crypto import tokens

LINK_LIFETIME = timedelta(minutes=2)
RAISES_AFTER_END = timedelta(days=7)
LINK_REFUSED = mark("This link has been used or is too old. Make another: streha console")
KEY_NEEDED = mark("Only your key file makes a link, not a browser. Run: streha console")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What signs one browser in, once: its code is shown once, to the person."""

    code: bytes
    expires_at: datetime


class BrowserSignIn:
    """Makes links, and sessions of browsers from them."""

    def __init__(self, database: Database, clock: Clock, settings: Settings) -> None:
        self._database = database
        self._clock = clock
        self._lifetime = timedelta(seconds=settings.session_lifetime)

    async def link(self, actor: Person, token: bytes) -> Link:
        """Return a link for the actor, whose session this token is; it must have been begun with the key.

        Otherwise whoever got hold of one browser's session could go on making sessions for ever.
        """
        now = self._clock.now()
        link = Link(code=tokens.new_token(), expires_at=now + LINK_LIFETIME)
        async with self._database.transaction() as tx:
            present = (await store.people(tx, [actor.id], share=True)).get(actor.id)
            if present is None or not present.active:
                raise NotAuthenticated(SIGN_IN_FIRST)
            if not await tx.value(store.SQL["begun_with_key"], tokens.token_hash(token)):
                raise NotAuthenticated(KEY_NEEDED)
            await tx.run(store.SQL["add_link"], tokens.token_hash(link.code), actor.id, link.expires_at)
            await ledger.record(tx, ledger.Act(act="link_made", at=now, person_id=actor.id))
        return link

    async def sign_in(self, code: bytes, *, before: bytes = b"") -> Session:
        """Return a browser's session for the code of a link, which is thereby used up.

        The session whose token the browser had `before` ends with it, and only with it: a link that is refused signs
        nobody out.
        """
        now = self._clock.now()
        ends = now + self._lifetime
        session = Session(token=tokens.new_token(), expires_at=ends, raises_until=ends + RAISES_AFTER_END)
        async with self._database.transaction() as tx:
            # The person before the link: the order in which a departure takes them.
            person_id = await tx.value(store.SQL["person_of_link"], tokens.token_hash(code), now)
            person = (await store.people(tx, [PersonId(person_id)], share=True))[person_id] if person_id else None
            fresh = await tx.value(store.SQL["take_link"], tokens.token_hash(code))
            if person is None or not person.active or not fresh:
                raise NotAuthenticated(LINK_REFUSED)
            if before:
                await tx.run(store.SQL["end_session"], tokens.token_hash(before))
            await sign_in.add_session(tx, person.id, session, now)
            await ledger.record(
                tx, ledger.Act(act="signed_in", at=now, person_id=person.id, facts={"through": "browser"})
            )
        return session
