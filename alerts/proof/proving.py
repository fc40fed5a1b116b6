"""Continuous proof carried out: begins the self-tests, and tells the desks staffed at all hours where they fail.

Owns the tables `proofs` and `proof_round`; whichever engine holds the latter's row looks after both. What the room of
the proof is, and how its answer is believed, is `bots.rooms.probe`'s. What is told is content-free and goes through
every channel at once: where one is broken, another works.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from agencies import contacts
from agencies import store as directory
from agencies.model import DutyDesk
from agencies.roster import on_duty
from alerts.proof.rules import KEPT, STATUS, Proof
from alerts.store import SQL
from core import logs, outbox
from core.clock import Clock
from core.database import Database, Reading, Transaction
from core.ids import new_id
from core.outbox import Lane, Message, Target, TargetKind
from core.texts import mark

log = logs.get(__name__)

TEXTS = {
    "proof": mark("{status}: self-test {code}. Nobody is called, and there is nothing to do."),
    "proof_ring": mark("Streha: open the app"),
    "proof_failed": mark(
        "Streha has not been able to prove since {time} that calling people works. Do not rely on it: ring people by "
        "telephone until it says here that it works again, and tell the operator."
    ),
    "proof_works": mark("Calling people through Streha works again: proven {time}."),
}
# What telephones and mailboxes are told: sentences that may be read on a locked screen.
SENTENCES = {
    "proof_failed": mark(
        "Streha: it is not proven that calling people works. Ring people by telephone, and tell the operator."
    ),
    "proof_works": mark("Streha: calling people is proven to work again."),
}


async def state(reading: Reading) -> Proof:
    """Return what is known of continuous proof."""
    row = await reading.row(SQL["proof"])
    assert row is not None  # noqa: S101 (it counts, so there is always a row)
    return Proof(
        begun_at=row["begun_at"],
        proven_at=row["proven_at"],
        waiting_since=row["waiting_since"],
        newest_at=row["newest_at"],
        first_at=row["first_at"],
    )


async def prove(database: Database, clock: Clock, interval: timedelta) -> None:
    """Begin a proof where one is due, and tell once that it fails and once that it works again."""
    async with database.transaction() as tx:
        held = await tx.row(SQL["hold_proof_round"])
        if held is None:
            # Another engine is at it this moment.
            return
        now = clock.now()
        proof = await state(tx)
        if proof.interrupted(now, interval):
            await tx.run(SQL["drop_unproven"])
            proof = await state(tx)
        prober = await tx.row(SQL["prober"])
        # Whoever has made itself known since is not kept waiting.
        is_new = prober is not None and proof.newest_at is not None and prober["since"] > proof.newest_at
        if is_new or proof.due(now, interval):
            await _begin(tx, None if prober is None else prober["id"], now)
        told_at: datetime | None = held["told_at"]
        if told_at is None and proof.fails(now):
            await tx.run(SQL["proof_told"], now)
            count = await _tell(tx, "proof_failed", proof.proven_at or proof.waiting_since or now, now)
            tx.afterwards(lambda: log.error("proof_failed", count=count))
        elif told_at is not None and proof.works_since(told_at):
            await tx.run(SQL["proof_told"], None)
            count = await _tell(tx, "proof_works", proof.proven_at or now, now)
            tx.afterwards(lambda: log.info("proof_works", count=count))


async def _begin(tx: Transaction, prober: UUID | None, now: datetime) -> None:
    """Leave the next self-test; what waits of an earlier one would only come late."""
    await tx.run(SQL["forget_proofs"], now - KEPT)
    await outbox.forget_probes(tx, now - KEPT)
    proof_id = new_id()
    await tx.run(SQL["begin_proof"], proof_id, now)
    if prober is None:
        # It never made itself known: the proof stands as begun, and fails in its time.
        return
    room = Target(kind=TargetKind.PROBE, id=prober)
    parameters = {"status": STATUS, "code": proof_id.hex}
    message = Message(
        key=f"proof:{proof_id}", target=room, template="proof", parameters=parameters, lane=Lane.ALERT
    )  # fmt: skip
    await outbox.post(tx, [message], now)


async def _tell(tx: Transaction, template: str, since: datetime, now: datetime) -> int:
    """Tell every desk that is staffed at all hours, in its room and beside Matrix; return how many desks."""
    ids = await directory.desks_at_all_hours(tx)
    desks = [each for each in (await directory.duty(tx, desk_ids=ids, now=now)).desks if each.id in ids]
    cause = f"{template}:{now.isoformat()}"
    messages: list[Message] = []
    for desk in desks:
        messages += _in_room(desk, template, cause, since, now)
    people = {each.id for desk in desks for each in on_duty(desk, now)}
    called = contacts.rung(await contacts.contacts_of(tx, people, ids), at_once=True)
    messages += [
        Message(
            key=f"{cause}:{contact.id}", target=Target(kind=TargetKind.CONTACT, id=contact.id), template=template,
            lane=Lane.ALERT,
        )
        for contact in {(each.means, each.address): each for each in called}.values()
    ]  # fmt: skip
    await outbox.post(tx, messages, now)
    return len(desks)


def _in_room(desk: DutyDesk, template: str, cause: str, since: datetime, now: datetime) -> list[Message]:
    room = Target(kind=TargetKind.DESK, id=desk.id)
    rung = [each.id for each in on_duty(desk, now)] or [each.id for each in desk.officers]
    ring = Message(key=f"{cause}:ring:{desk.id}", target=room, template="proof_ring", mentions=rung, lane=Lane.ALERT)
    said = Message(
        key=f"{cause}:{desk.id}", target=room, template=template, parameters={"time": since.isoformat()},
        lane=Lane.ALERT,
    )  # fmt: skip
    return [ring, said]
