"""Use cases of a person's own sentences: that there are any, setting them sealed, clearing them; and the bot's part.

Nobody but the bot can open what is sealed, and it keeps only keyed hashes (`crypto.sentence_tag`). What another bot's
key was needed for counts no more: its person and the operator are told, and must set their sentences anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agencies.model import Person, PersonId
from alerts.store import SQL
from cases.service import CHANNEL
from core import ledger, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.errors import Conflict, InvalidInput, Unavailable
from core.outbox import Lane, Message, Target, TargetKind
from core.texts import mark
from crypto.sentence_seal import SEALED_BYTES

TEXTS = {
    "sentences_lost": mark(
        "Your own sentences are lost: Streha does not know them any more, and does nothing when you write them. When "
        "you are alone at your computer, set them again: streha sentences set"
    ),
}
NO_BOT = mark("No bot has said yet to which key sentences are sealed. Start it, and try again.")
OTHER_KEY = mark("The bot has another key by now. Try again.")
NOT_SEALED = mark("This is no sealed pair of sentences. Use: streha sentences set")


class Standing(StrEnum):
    """What is known of somebody's sentences."""

    NONE = "none"
    # Sealed, and the bot has not taken them up yet.
    WAITING = "waiting"
    SET = "set"
    # The bot could open them and not use them.
    REFUSED = "refused"
    # Only another bot's key could make them out.
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSentences:
    """How it stands, since when, and the key to which sentences are sealed now."""

    standing: Standing
    since: datetime | None
    public_key: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hashes:
    """What is kept of somebody's sentences."""

    person_id: PersonId
    all_clear: bytes
    duress: bytes


class Sentences:
    """What a person may do about their own sentences."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def see(self, actor: Person) -> OwnSentences:
        """Return whether the actor has sentences, and since when; nothing else is known of them here."""
        async with self._database.reading() as look:
            key = await look.value(SQL["sentence_key"])
            row = await look.row(SQL["own_sentences"], actor.id)
        if row is None:
            return OwnSentences(standing=Standing.NONE, since=None, public_key=key)
        since = row["sealed_at"]
        if not row["current"]:
            standing = Standing.LOST
        elif row["waiting"]:
            standing = Standing.WAITING
        elif row["refused"]:
            standing = Standing.REFUSED
        else:
            standing, since = Standing.SET, row["taken_at"]
        return OwnSentences(standing=standing, since=since, public_key=key)

    async def set(self, actor: Person, public_key: bytes, sealed: bytes) -> OwnSentences:
        """Leave the actor's sentences for the bot, sealed to its key. Until it takes them up, earlier ones count."""
        if len(sealed) != SEALED_BYTES:
            raise InvalidInput(NOT_SEALED)
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if not await tx.run(SQL["seal_sentences"], actor.id, public_key, sealed, now):
                known = await tx.value(SQL["sentence_key"])
                raise Unavailable(NO_BOT) if known is None else Conflict(OTHER_KEY)
            await ledger.record(tx, ledger.Act(act="own_sentences_sealed", at=now, person_id=actor.id))
            await tx.wake(CHANNEL)
        return await self.see(actor)

    async def clear(self, actor: Person) -> None:
        """Forget the actor's sentences, where there are any."""
        now = self._clock.now()
        async with self._database.transaction() as tx:
            if await tx.run(SQL["clear_sentences"], actor.id):
                await ledger.record(tx, ledger.Act(act="own_sentences_cleared", at=now, person_id=actor.id))


# The bot's part ---------------------------------------------------------------------------------


async def publish(tx: Transaction, public_key: bytes, now: datetime) -> None:
    """Say that sentences are sealed to this key from now on."""
    await tx.run(SQL["publish_sentence_key"], public_key, now)


async def sealed(tx: Transaction, public_key: bytes) -> list[tuple[PersonId, bytes]]:
    """Return what waits to be taken up, held."""
    return [(PersonId(row["person_id"]), row["sealed"]) for row in await tx.rows(SQL["sealed_sentences"], public_key)]


async def take(tx: Transaction, person_id: PersonId, all_clear: bytes, duress: bytes, now: datetime) -> None:
    """Keep the hashes of a person's sentences in place of what was sealed."""
    await tx.run(SQL["take_sentences"], person_id, all_clear, duress, now)


async def refuse(tx: Transaction, person_id: PersonId) -> None:
    """Note that a person's sentences could not be used; what was sealed is gone."""
    await tx.run(SQL["refuse_sentences"], person_id)


async def tell_lost(tx: Transaction, public_key: bytes, now: datetime) -> int:
    """Tell, once, everybody whose sentences another bot's key is needed for; return how many that are."""
    people = [row["person_id"] for row in await tx.rows(SQL["lost_sentences"], public_key)]
    messages = [
        Message(
            key=f"sentences_lost:{each}:{public_key.hex()}:{now.isoformat()}",
            target=Target(kind=TargetKind.PERSON, id=each),
            template="sentences_lost",
            mentions=(each,),
            lane=Lane.ORDINARY,
        )
        for each in people
    ]
    await outbox.post(tx, messages, now)
    return len(people)


async def lost(look: Reading) -> int:
    """Return how many people's sentences the active bot cannot know."""
    return int(await look.value(SQL["sentences_lost"]))


async def wrote(tx: Transaction, matrix_user: str, at: datetime) -> None:
    """Note that whoever has a Matrix user wrote either of their sentences."""
    await tx.run(SQL["sentence_written"], matrix_user, at)


async def of_user(look: Reading, matrix_user: str, public_key: bytes) -> Hashes | None:
    """Return what this bot knows of the sentences of whoever has a Matrix user."""
    row = await look.row(SQL["sentences_of_user"], matrix_user, public_key)
    if row is None:
        return None
    return Hashes(person_id=row["person_id"], all_clear=row["all_clear"], duress=row["duress"])
