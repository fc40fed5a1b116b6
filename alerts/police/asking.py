"""The question whether the police was called: put to whoever accepts an Extreme alert first, put again, given up.

Owns the table `police_questions`. Asked in the transaction of the acceptance; what follows is due by the clock. An
alert that has ended, or of which somebody has said something, is asked about no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from agencies.model import PersonId
from alerts import store
from alerts.acting import around_of
from alerts.audience import Surroundings
from alerts.calling import followers
from alerts.duress.discretion import post
from alerts.model import Alert, AlertId
from alerts.police import messages as police_messages
from alerts.police.emergency import ASKED_AGAIN_AFTER, GIVEN_UP_AFTER, QUESTIONS, Police, PoliceQuestion
from alerts.vocabulary import Severity
from core import ledger, outbox
from core.clock import Clock
from core.database import Database, Transaction
from core.outbox import Message, Target, TargetKind
from core.sweep import sweep

NAME = "police"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A question as it is kept: with the room in which it was put."""

    alert_id: AlertId
    room: Target
    asked_at: datetime
    step: int
    next_step_at: datetime | None


async def ask_first(
    tx: Transaction, before: Alert, accepted: Alert, around: Surroundings, by: PersonId, room: Target | None,
    now: datetime,
) -> tuple[Alert, list[Message]]:  # fmt: skip
    """Ask whoever has just accepted, first of all, in the room where they did or else alone.

    Return the alert as it is asked of, and what is to be said for that.

    A `room` is one that hears of the alert: no other may read its codename. An exercise asks too. Where it is known
    already that the police was called nobody is asked.
    """
    if before.answered or accepted.severity is not Severity.EXTREME or accepted.police is Police.CALLED:
        return accepted, []
    there = room or Target(kind=TargetKind.PERSON, id=by)
    await tx.run(store.SQL["ask_police"], accepted.id, by, there.kind, there.id, now, now + ASKED_AGAIN_AFTER)
    asking = police_messages.asking(accepted, around.codename, there)
    return replace(accepted, police_question=PoliceQuestion(person_id=by, asked_at=now)), asking


async def ask_on(database: Database, clock: Clock) -> int:
    """Take every question whose next step is due one step further; return how many."""

    async def handle(tx: Transaction, alert_ids: Sequence[UUID], now: datetime) -> None:
        # The alerts first, then their questions: the order in which whoever accepts takes them.
        held = {each.id: each for each in await store.alerts(tx, [AlertId(each) for each in alert_ids], lock=True)}
        for asked in await _questions(tx, alert_ids):
            if asked.next_step_at is None or asked.next_step_at > now:
                continue
            await _step(tx, held[asked.alert_id], asked, now)

    return await sweep(database, clock, NAME, store.SQL["claim_police_questions"], handle)


async def next_due(database: Database) -> datetime | None:
    """Return when the next step of any question is due."""
    async with database.transaction(urgent=True) as tx:
        moment: datetime | None = await tx.value(store.SQL["next_police_question"])
    return moment


async def _step(tx: Transaction, alert: Alert, asked: _Asked, now: datetime) -> None:
    if alert.ended or not alert.answered or alert.police not in (Police.ASKED, Police.UNANSWERED):
        # Ended, said already, or open again: then whoever accepts next is asked.
        await tx.run(store.SQL["end_police_question"], alert.id)
        return
    around = await around_of(tx, alert, now)
    said = (await outbox.deliveries_of_alerts(tx, [alert.id]))[alert.id]
    told = await followers(tx, said, around)
    step = asked.step + 1
    again = step < QUESTIONS
    following = asked.asked_at + GIVEN_UP_AFTER if again else None
    messages = _again(alert, around, asked.room, told) if again else _given_up(alert, around, told)
    await post(tx, alert, around, messages, now)
    await tx.run(
        store.SQL["step_police_questions"], [alert.id], [step], [None if following is None else max(following, now)]
    )
    await ledger.record(
        tx,
        ledger.Act(
            act="police_asked_again" if again else "police_unanswered", at=now, actor_kind="system",
            case_id=alert.case_id, object_id=alert.id,
        ),
    )  # fmt: skip


def _again(alert: Alert, around: Surroundings, room: Target, told: Sequence[Target]) -> list[Message]:
    """Ask everybody who has accepted, each alone and rung, and say so where it was asked first."""
    accepted = sorted({each for each, _ in alert.answered} & around.able)
    rooms = [(Target(kind=TargetKind.PERSON, id=each), (each,)) for each in accepted]
    alone = {each for each, _ in rooms}
    quiet: list[tuple[Target, tuple[PersonId, ...]]] = [(room, ())] if room in told and room not in alone else []
    return police_messages.asking_again(alert, around.codename, [*rooms, *quiet])


def _given_up(alert: Alert, around: Surroundings, told: Sequence[Target]) -> list[Message]:
    """Tell every room that hears of the alert, and ring whoever raised it where the case's channel hears of it too."""
    rung = raisers_to_ring(alert, around, told)
    alone = [(Target(kind=TargetKind.PERSON, id=each), (each,)) for each in rung]
    others = [(each, ()) for each in told if each not in {room for room, _ in alone}]
    return police_messages.unanswered(alert, around.codename, [*alone, *others])


def raisers_to_ring(alert: Alert, around: Surroundings, told: Sequence[Target]) -> list[PersonId]:
    """Return who raised it and may hear more of it: nobody where the alert is kept from the channel they sit in."""
    channel = Target(kind=TargetKind.COMPARTMENT, id=around.compartment.id)
    return sorted(alert.raiser_ids & around.able) if channel in told else []


async def _questions(tx: Transaction, alert_ids: Sequence[UUID]) -> list[_Asked]:
    return [
        _Asked(
            alert_id=row["alert_id"],
            room=Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]),
            asked_at=row["asked_at"],
            step=row["step"],
            next_step_at=row["next_step_at"],
        )
        for row in await tx.rows(store.SQL["police_questions_by_alert"], list(alert_ids))
    ]
