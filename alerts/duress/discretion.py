"""What is said of an alert for duress is said to people alone: the one way on which an alert's messages leave.

Whoever raised it (`Alert.kept_from`) may sit in the case's channel, in a duty room, or lead the case; so nothing of it
is ever said in a room of several. Whatever a rule addresses to such a room goes to each in it who may know, in the room
where they are alone with the bot; what is addressed to somebody who may not know is not said. Other alerts are said as
they are addressed.

Somebody else who was called may be forced too. Whoever wrote either of their own sentences lately hears nothing more
of it, for whoever stands beside them would read it; by either, so that nothing shows which it was. They stay called,
see it on their board as before, and hear of it again once they have accepted it. Where nobody else could act, they are
told all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from agencies.model import PersonId
from alerts.audience import Surroundings
from alerts.model import Alert
from core import outbox
from core.database import Transaction
from core.ledger import Act
from core.outbox import Delivery, Message, Target, TargetKind


async def post(
    tx: Transaction, alert: Alert, around: Surroundings, messages: Sequence[Message], now: datetime, *acts: Act
) -> list[Delivery]:
    """Leave what is said of an alert, where it may be said, and record what was done; return what is newly said."""
    return await outbox.post(tx, discreetly(alert, around, messages), now, acts=acts)


def discreetly(alert: Alert, around: Surroundings, messages: Sequence[Message]) -> Sequence[Message]:
    """Return what is said of an alert, addressed to where it may be said."""
    if not alert.for_duress:
        return messages
    able = around.able
    called = sorted(alert.still_called(able))
    resting = resting_of(alert, around.wrote_at, able)
    found: dict[str, Message] = {}
    for message in messages:
        if message.target.kind is TargetKind.CONTACT:
            found.setdefault(message.key, message)
            continue
        if message.target.kind is TargetKind.PERSON:
            rooms = [each for each in able if each == message.target.id]
        elif message.mentions:
            rooms = [each for each in able if each in message.mentions]
        else:
            rooms = called
        for each in _alone(message, sorted(each for each in rooms if each not in resting)):
            known = found.get(each.key)
            if known is None or not known.mentions:
                found[each.key] = each
    return list(found.values())


def resting_of(
    alert: Alert, wrote_at: Mapping[PersonId, datetime], able: frozenset[PersonId]
) -> frozenset[PersonId]:  # fmt: skip
    """Return who is left in peace because they wrote a sentence of their own and have not accepted since; never all."""
    found = {
        person_id for person_id, at in wrote_at.items()
        if not any(each.acknowledged_at and each.acknowledged_at > at for each in alert.called(person_id))
    }  # fmt: skip
    return frozenset(found) if alert.still_called(able) - found else frozenset()


def kept_from_now(joined: Alert, press: Alert, around: Surroundings) -> frozenset[PersonId]:
    """Return who may know nothing of an alert that is raised again.

    Who was forced since is among them, unless they see it already: it would vanish from their screen.
    """
    seeing = {each.person_id for each in joined.recipients} | {*around.case.leaders} | around.compartment.member_ids
    return joined.kept_from | (press.kept_from - seeing) | ({press.duress_of} if press.duress_of else frozenset())


def _alone(message: Message, people: Iterable[PersonId]) -> Iterable[Message]:
    """Return a message once for each of these people, in the room where they are alone; its key says which room."""
    for each in people:
        target = Target(kind=TargetKind.PERSON, id=each)
        yield replace(
            message,
            key=message.key.replace(str(message.target.id), str(each)),
            target=target,
            mentions=(target.id,) if target.id in message.mentions else (),
        )
