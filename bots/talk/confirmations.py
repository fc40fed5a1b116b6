"""What the bot has asked back: one question for each person in each room, answered by that person there, once.

Owns the table `matrix_confirmations`. A question holds exactly what a yes carries out, and nothing else is carried
out by it: not what has been raised since, and not what somebody else was asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from agencies.model import PersonId
from alerts.model import AlertId
from alerts.vocabulary import StandDownReason
from bots.statements import SQL
from bots.talk.heard import key_of
from bots.words.commands import Verb
from bots.words.meaning import CLOCKS_APART, LATE
from cases.model import CompartmentId
from core.database import Reading, Transaction
from core.outbox import Target

TIME_TO_ANSWER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a yes carries out: a verb, and what it is about. `event_id` is the message that is asked about."""

    event_id: str
    verb: Verb
    asked_at: datetime
    alert_id: AlertId | None = None
    compartment_id: CompartmentId | None = None
    reason: StandDownReason | None = None

    @property
    def key(self) -> UUID:
        """The key of the effect, which is that of the words that were asked about."""
        return key_of(self.event_id)

    def answered_in_time(self, written_at: datetime, now: datetime) -> bool:
        """Whether an answer was written after the question, within its time, and comes while it is fresh."""
        return (
            self.asked_at - CLOCKS_APART <= written_at <= self.asked_at + TIME_TO_ANSWER
            and now - self.asked_at <= TIME_TO_ANSWER + LATE
        )


async def ask(tx: Transaction, person_id: PersonId, target: Target, question: Question) -> None:
    """Note what is asked; the same question, asked again after a restart, keeps its time."""
    await tx.run(
        SQL["ask"], person_id, target.kind, target.id, question.event_id, question.verb, question.alert_id,
        question.compartment_id, question.reason, question.asked_at,
    )  # fmt: skip


async def asked(tx: Reading, person_id: PersonId, target: Target) -> Question | None:
    """Return what a person was asked last in a room and has not answered."""
    row = await tx.row(SQL["asked"], person_id, target.kind, target.id)
    if row is None:
        return None
    return Question(
        event_id=row["event_id"],
        verb=Verb(row["verb"]),
        asked_at=row["asked_at"],
        alert_id=row["alert_id"],
        compartment_id=row["compartment_id"],
        reason=StandDownReason(row["reason"]) if row["reason"] else None,
    )


async def forget(tx: Transaction, person_id: PersonId, target: Target, question: Question) -> None:
    """Forget a question that is answered."""
    await tx.run(SQL["forget_question"], person_id, target.kind, target.id, question.event_id)
