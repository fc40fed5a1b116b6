"""The bot's part in people's own sentences: its key, taking up what was sealed to it, and knowing a sentence again.

The key rests with the bot's identity (`identity/own-sentences.sealed`), so that whoever copies that folder for a bot
that stands by, or backs it up, takes the sentences along. Where it is gone the bot makes another, and everybody whose
sentences it cannot know any more is told, and the operator: never silently.
"""

from __future__ import annotations

import os
from pathlib import Path

from agencies.model import PersonId
from alerts.duress import own
from alerts.duress.sentences import Meaning, may_be_one, normal, require_fit
from bots.device.received import Received
from bots.talk.heard import written_at
from bots.words.commands import own_text, parse
from core import logs, private_files
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import InvalidInput, NotFound
from crypto import local_seal, sentence_seal, sentence_tag

log = logs.get(__name__)

KEY_FILE = "own-sentences.sealed"
_NAME = "own sentences"
_HALF = 32


class OwnSentences:
    """Knows people's own sentences when they are written."""

    def __init__(self, database: Database, clock: Clock, directory: Path, secret: bytes) -> None:
        self._database = database
        self._clock = clock
        self._file = directory / KEY_FILE
        self._seal = local_seal.derive(secret, _NAME)
        key = self._rested() or self._made()
        self._private, self._tag_key = key[:_HALF], key[_HALF:]
        self._public = sentence_seal.public_key(self._private)

    async def sweep(self) -> None:
        """Say which key is this bot's, take up what was sealed to it, and tell whose sentences are lost."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            await own.publish(tx, self._public, now)
            for person_id, sealed in await own.sealed(tx, self._public):
                await self._take(tx, person_id, sealed)
            lost = await own.tell_lost(tx, self._public, now)
        if lost:
            log.error("own_sentences_lost", count=lost)

    async def meaning(self, message: Received) -> Meaning | None:
        """Return what a message means as a sentence of its sender's own; nothing where it is none."""
        text = own_text(message.event_type, message.content)
        written = "" if text is None else normal(text)
        if not may_be_one(written):
            return None
        async with self._database.reading(urgent=True) as look:
            known = await own.of_user(look, message.sender, self._public)
        if known is None:
            return None
        tag = sentence_tag.tag(self._tag_key, known.person_id.bytes, written)
        # Both are compared, whichever it is: how long it takes tells nothing.
        meant = {
            Meaning.DURESS: sentence_tag.same(tag, known.duress),
            Meaning.ALL_CLEAR: sentence_tag.same(tag, known.all_clear),
        }
        return next((each for each, same in meant.items() if same), None)

    async def note(self, message: Received) -> None:
        """Note that its sender wrote either of their sentences: whoever may be forced is rung about nobody else's."""
        at = min(written_at(message, self._clock), self._clock.now())
        async with self._database.transaction(urgent=True) as tx:
            await own.wrote(tx, message.sender, at)

    def cause_of(self, event: str) -> str:
        """Return the cause of what an event brings about; nobody who knows the event can tell what it is called."""
        return sentence_tag.cause(self._tag_key, event)

    async def _take(self, tx: Transaction, person_id: PersonId, sealed: bytes) -> None:
        try:
            all_clear, duress = sentence_seal.unseal(self._private, person_id.bytes, sealed)
            require_fit(all_clear, duress, parse)
        except (sentence_seal.SealBroken, InvalidInput):
            log.warning("own_sentences_refused", person_id=person_id)
            await own.refuse(tx, person_id)
            return
        one, other = (
            sentence_tag.tag(self._tag_key, person_id.bytes, normal(each)) for each in (all_clear, duress)
        )  # fmt: skip
        await own.take(tx, person_id, one, other, self._clock.now())

    def _rested(self) -> bytes | None:
        """Return the key that rests on this disk; one that cannot be read is put aside and never written over."""
        try:
            return local_seal.unseal(self._seal, _NAME, private_files.read(self._file))
        except NotFound:
            return None
        except (local_seal.SealBroken, InvalidInput) as error:
            log.failure("own_sentences_key_unreadable", error)
            private_files.move(self._file, self._file.with_suffix(f".unreadable-{self._clock.now():%Y%m%d%H%M%S}"))
            return None

    def _made(self) -> bytes:
        key = os.urandom(2 * _HALF)
        private_files.write(self._file, local_seal.seal(self._seal, _NAME, key))
        return key
