"""The outbox: what must be said, to whom, left in the same transaction as its cause.

A message holds a template's name and opaque parameters, never content. Whoever delivers claims rows by
lease, and says how it ended. States: pending, sending, sent, failed, quarantined, withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from core import ledger, queries
from core.database import Reading, Row, Transaction
from core.ledger import Act

_SQL = queries.load("core")
CHANNEL = "streha_outbox"
LEASE = timedelta(seconds=30)
TRIED_ALONE = "tried_alone"
# So often may a lease be lost without a word, for whatever reason, before the message itself is suspected.
LEASES_LOST = 3
_CLAIM_LOCK = 0x4F55_5442_4F58  # "OUTBOX"; one per database


class Lane(IntEnum):
    """Alerts have a lane of their own before everything else."""

    ALERT = 0
    ORDINARY = 1


class TargetKind(StrEnum):
    """Whose room a message goes to, or that it goes to a telephone or mail address beside Matrix."""

    COMPARTMENT = "compartment"
    DESK = "desk"
    PERSON = "person"
    CONTACT = "contact"
    # The room of the self-test, in which nobody is but the bot and the prober.
    PROBE = "probe"


class Urgency(IntEnum):
    """What is said first where much waits: that something has ended, then by severity, then all else."""

    END = 0
    EXTREME = 1
    SEVERE = 2
    MODERATE = 3
    ORDINARY = 9


# What the bots deliver; the rest is the carriers'.
ROOMS = frozenset(TargetKind) - {TargetKind.CONTACT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One room: of a compartment, of a duty desk, or of one person alone with the bot. Or one contact."""

    kind: TargetKind
    id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something to say. `key` names its cause: the same key is said once; a repetition is marked as one.

    `thread` is the Matrix event in whose thread it stands, for what only one person wants to know. `late_since` is when
    it should have been said, where it is left later than that.
    """

    key: str
    target: Target
    template: str
    parameters: dict[str, str] = field(default_factory=dict)
    mentions: Sequence[UUID] = ()
    lane: Lane = Lane.ORDINARY
    alert_id: UUID | None = None
    case_id: UUID | None = None
    thread: str | None = None
    repeated: bool = False
    urgency: Urgency = Urgency.ORDINARY
    late_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A message leased to one deliverer."""

    id: UUID
    sequence: int
    created_at: datetime
    attempts: int
    # Why the last attempt ended; None although there were attempts means that its deliverer died.
    failure: str | None
    message: Message

    @property
    def suspect(self) -> bool:
        """Whether its deliverers died again and again without a word: then it is tried alone."""
        return self.failure == TRIED_ALONE or (self.attempts > LEASES_LOST and self.failure is None)

    @property
    def poison(self) -> bool:
        """Whether it took its deliverer down when it was tried alone."""
        return self.failure == TRIED_ALONE


async def post(
    tx: Transaction, messages: Sequence[Message], now: datetime, *, due_at: datetime | None = None,
    acts: Sequence[Act] = (),
) -> list[Delivery]:  # fmt: skip
    """Leave messages to be sent when the transaction commits or later, in this order; wake the deliverer.

    Returns those that are new: what was said before, under the same key, is not said again. With them may be recorded
    what was done (`core.ledger`), which is then one statement less.
    """
    if not messages:
        await ledger.record(tx, *acts)
        return []
    said, done = [_columns(each) for each in messages], [ledger.columns(each) for each in acts]
    rows = await tx.rows(_SQL["post"], said, now, due_at or now, done)
    new = {row["key"] for row in rows}
    return [_waiting(each, now) for each in messages if each.key in new]


async def claim(tx: Transaction, now: datetime, limit: int, lane: Lane) -> list[Claimed]:
    """Lease up to `limit` waiting messages of a lane to rooms, each room's in order.

    Claims come one after the other: two at once would not see each other's leases, and the later messages of
    a room could overtake the earlier ones.
    """
    await tx.row(_SQL["claim_in_turn"], _CLAIM_LOCK)
    rows = await tx.rows(_SQL["claim"], now, now + LEASE, limit, lane, sorted(ROOMS))
    return sorted((_claimed(each) for each in rows), key=lambda each: each.sequence)


async def claim_letters(tx: Transaction, now: datetime, limit: int, lane: Lane, *, mail: bool) -> list[Claimed]:
    """Lease up to `limit` waiting letters of a lane for mailboxes, or for telephones; what was never tried first."""
    rows = await tx.rows(_SQL["claim_letters"], now, now + LEASE, limit, lane, mail)
    return sorted((_claimed(each) for each in rows), key=lambda each: each.sequence)


async def mark_sent(tx: Transaction, sent: Iterable[tuple[UUID, Sequence[UUID]]], now: datetime) -> None:
    """Record that the homeserver accepted these, each with the mentioned people whom it cannot have reached.

    In the order of their ids, in which whoever calls messages off holds them too: neither waits for the other in turn.
    """
    rows = [(message_id, list(unreached), now) for message_id, unreached in sorted(sent)]
    await tx.run_many(_SQL["mark_sent"], rows)


async def put_off(tx: Transaction, message_id: UUID, until: datetime, failure: str) -> None:
    """Try again at `until`, unless the message was called off; `failure` is a kind, never a text."""
    await tx.run(_SQL["put_off"], message_id, until, failure)


async def renew(tx: Transaction, ids: Iterable[UUID], now: datetime) -> None:
    """Keep the lease of messages that a living process still has on their way."""
    await tx.run(_SQL["renew"], list(ids), now + LEASE)


async def free_leases(tx: Transaction) -> None:
    """Take up at once what another bot had under way for rooms; only for whoever has fenced it off."""
    await tx.run(_SQL["free_leases"], sorted(ROOMS))


async def interrupted(tx: Transaction, attempts: Mapping[UUID, int]) -> None:
    """Have these, by id and attempt, taken up again at once: the database ended the attempt; nobody suspects them."""
    await tx.run(_SQL["interrupted"], list(attempts), list(attempts.values()))


async def still_wanted(tx: Transaction, message_id: UUID) -> bool:
    """Tell whether a message on its way may still be sent."""
    return bool(await tx.value(_SQL["still_wanted"], message_id))


async def suspect(tx: Transaction, message_id: UUID) -> None:
    """Remember that a message is being tried alone because its deliverers died again and again."""
    await tx.run(_SQL["suspect"], message_id)


async def give_up(tx: Transaction, message_id: UUID, state: str, failure: str, now: datetime) -> None:
    """End a message as `failed`, `quarantined` or `withdrawn`."""
    await tx.run(_SQL["give_up"], message_id, state, failure, now)


async def withdraw_alert(tx: Transaction, alert_id: UUID, now: datetime) -> None:
    """Withdraw what still waits to call people for an alert that has ended, and call off what is under way."""
    await tx.run(_SQL["withdraw_alert"], alert_id, now)


async def withdraw_from_rooms(tx: Transaction, case_id: UUID, target_ids: Sequence[UUID], now: datetime) -> None:
    """Withdraw or call off what is still to be said of a case in rooms that must hear nothing of it any more."""
    await tx.run(_SQL["withdraw_from_rooms"], case_id, list(target_ids), now)


async def expire(tx: Transaction, until: datetime) -> int:
    """Say nothing any more of what waits since then: the database was restored. Return how much that was."""
    return await tx.run(_SQL["expire_messages"], until)


async def forget_probes(tx: Transaction, before: datetime) -> None:
    """Withdraw the self-tests that still wait, and keep none that was left before a moment."""
    await tx.run(_SQL["withdraw_probes"])
    await tx.run(_SQL["forget_probes"], before)


async def states(tx: Transaction) -> dict[tuple[str, int], int]:
    """Return how many messages there are by state and lane."""
    return {(row["state"], row["lane"]): row["messages"] for row in await tx.rows(_SQL["states"])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far one message of an alert came. `unreached` were to be called by it and cannot read it."""

    target: Target
    template: str
    state: str
    created_at: datetime
    sent_at: datetime | None
    unreached: tuple[UUID, ...]


async def deliveries_of_alerts(tx: Reading, alert_ids: Sequence[UUID]) -> dict[UUID, list[Delivery]]:
    """Return what was said for each of these alerts in rooms, oldest first."""
    found: dict[UUID, list[Delivery]] = {each: [] for each in alert_ids}
    for row in await tx.rows(_SQL["deliveries_of_alerts"], list(alert_ids), sorted(ROOMS)):
        delivery = Delivery(
            target=Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]),
            template=row["template"],
            state=row["state"],
            created_at=row["created_at"],
            sent_at=row["sent_at"],
            unreached=tuple(row["unreached"]),
        )
        found[row["alert_id"]].append(delivery)
    return found


def _columns(message: Message) -> dict[str, object]:
    return {
        "key": message.key,
        "lane": message.lane,
        "target_kind": message.target.kind,
        "target_id": message.target.id,
        "template": message.template,
        "parameters": message.parameters,
        "mentions": message.mentions,
        "alert_id": message.alert_id,
        "case_id": message.case_id,
        "thread": message.thread,
        "repeated": message.repeated,
        "urgency": message.urgency,
        "late_since": message.late_since,
    }


def _claimed(row: Row) -> Claimed:
    return Claimed(
        id=row["id"],
        sequence=row["sequence"],
        created_at=row["created_at"],
        attempts=row["attempts"],
        failure=row["failure"],
        message=Message(
            key=row["key"],
            target=Target(kind=TargetKind(row["target_kind"]), id=row["target_id"]),
            template=row["template"],
            parameters=row["parameters"],
            mentions=row["mentions"],
            lane=Lane(row["lane"]),
            alert_id=row["alert_id"],
            case_id=row["case_id"],
            thread=row["thread"],
            repeated=row["repeated"],
            urgency=Urgency(row["urgency"]),
            late_since=row["late_since"],
        ),
    )


def _waiting(message: Message, now: datetime) -> Delivery:
    """Return how far a message is that was left this moment."""
    return Delivery(
        target=message.target, template=message.template, state="pending", created_at=now, sent_at=None, unreached=()
    )
