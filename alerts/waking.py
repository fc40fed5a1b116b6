"""Calling people beside Matrix: whoever is rung in a room is rung by telephone and told by mail as well.

Whom, and when: at once for Extreme alerts, for later steps, later ladders, and for whoever no room reaches; mail is a
record and goes at once always. What is said is the same neutral sentence that rings in rooms, and nothing else: no
codename, no event, no name. Carried out by `server.carriers`; whether it is wanted still is asked once more before
anything leaves (`alerts.reaching`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from agencies import contacts
from agencies.contacts import Contact, ContactId, Means
from agencies.model import DeskId, PersonId
from alerts import messages, texts
from alerts.duress.discretion import resting_of
from alerts.duty import messages as duty_messages
from alerts.model import Alert, State
from alerts.proof import proving
from alerts.store import RESTING, SQL, wrote_since
from alerts.vocabulary import Severity, Status
from core import outbox
from core.database import Reading, Transaction
from core.outbox import Message, Target, TargetKind, Urgency
from core.texts import mark

TEXTS = {
    "contact_test": mark("Streha: this is a test of this number or address. There is nothing to do."),
}
# An alert or exercise that somebody is to take over is told to telephones by these.
HAND_OVERS = ("alert_hand_over_ring", "drill_hand_over_ring")
# The sentences that may leave beside Matrix: of alerts and exercises, ones that may be read on a locked screen.
SENTENCES = {name: texts.TEXTS[name] for name in ("alert_ring", "drill_ring", *HAND_OVERS)}
SENTENCES |= TEXTS | proving.SENTENCES
# What only tries whether somebody is reached: said as a test, and not for long.
TESTS = frozenset(TEXTS) | {duty_messages.RING}
SENTENCES[duty_messages.RING] = duty_messages.TEXTS[duty_messages.RING]
# Names what one telephone or mailbox is called for once, whosoever contact it is.
_ADDRESSES = UUID("7d1f5b0e-3c84-4e0b-9a6d-52c1a8e4f7b3")


async def wake(tx: Transaction, calls: Iterable[tuple[Alert, Sequence[Message]]], now: datetime) -> None:
    """Leave the calls beside Matrix for what rings in rooms. The alerts are as they stand after their wave.

    An owner who is asked whether they still see to it is at work on it, and is woken by nobody.
    """
    open_ones = [(alert, said) for alert, said in calls if alert.state is not State.ACCEPTED]
    ringing = [(alert, each) for alert, said in open_ones for each in said if each.mentions]
    people = {PersonId(person) for _alert, each in ringing for person in each.mentions}
    desks = {DeskId(each.target.id) for _alert, each in ringing if each.target.kind is TargetKind.DESK}
    found = await contacts.contacts_of(tx, people, desks)
    if not found:
        return
    heard_by = {alert.id: await heard_at(tx, alert, now) for alert, _ in open_ones}
    posted: list[Message] = []
    for alert, ring in ringing:
        its = [
            (contact, linked)
            for contact, linked in found
            if (contact.person_id in ring.mentions or contact.desk_id == ring.target.id)
            and contact.address not in heard_by[alert.id]
        ]
        # Where the ladder begins anew, whoever answered does not any more, or somebody presses again.
        at_once = alert.severity is Severity.EXTREME or alert.step > 0 or alert.ladder > 1
        posted += beside(alert, ring.key, contacts.rung(its, at_once=at_once))
    await outbox.post(tx, posted, now)


async def heard_at(tx: Reading, alert: Alert, now: datetime) -> frozenset[str]:
    """Return the numbers and addresses where nothing may ring for an alert.

    Whoever it is kept from has or shares them; or somebody who may be forced too (`alerts.duress.discretion`).
    """
    silent = alert.kept_from
    if alert.for_duress:
        everybody = frozenset(each.person_id for each in alert.recipients)
        silent |= resting_of(alert, await wrote_since(tx, now - RESTING), everybody - silent)
    if not silent:
        return frozenset()
    return frozenset(row["address"] for row in await tx.rows(SQL["addresses_of"], sorted(silent)))


def test_of(contact_id: ContactId, key: UUID) -> Message:
    """Return a message that only tries a contact."""
    return Message(
        key=f"contact_test:{key}", target=Target(kind=TargetKind.CONTACT, id=contact_id), template="contact_test"
    )


def rings(key: str) -> bool:
    """Whether a message with this key rings."""
    return ":ring:" in key


def beside(alert: Alert | None, key: str, called: Iterable[Contact], *, sentence: str = "ring",
           exercise: bool = False) -> list[Message]:  # fmt: skip
    """Return a ring, by its key in a room, for contacts: one for each cause, in however many rooms it rings.

    Without an alert it is for a device that could raise none (`alerts.devices.places`), or for what calls people by
    itself, an `exercise` or not. A telephone that is noted of a person and of a desk rings once, as the person's.
    """
    found: dict[tuple[Means, str], Contact] = {}
    for each in called:
        known = found.setdefault((each.means, each.address), each)
        if known.person_id is None and each.person_id is not None:
            found[each.means, each.address] = each
    cause = key.rpartition(":")[0]
    exercise = exercise or (alert is not None and alert.status is Status.EXERCISE)
    alone = Urgency.ORDINARY if exercise else Urgency.EXTREME
    return [
        Message(
            key=f"{cause}:{uuid5(_ADDRESSES, f'{means}:{address}')}",
            target=Target(kind=TargetKind.CONTACT, id=contact.id),
            template=f"{'drill' if exercise else 'alert'}_{sentence}",
            lane=outbox.Lane.ALERT,
            alert_id=None if alert is None else alert.id,
            case_id=None if alert is None else alert.case_id,
            urgency=alone if alert is None else messages.urgency(alert, "alert_ring"),
        )
        for (means, address), contact in found.items()
    ]
