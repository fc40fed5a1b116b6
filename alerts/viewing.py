"""An alert as whoever may see it is shown it: with the names of who takes part, and how far its messages came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from agencies import store as directory
from agencies.model import Person
from alerts.audience import Surroundings
from alerts.cards import store as card_store
from alerts.cards.rules import DeskCard, cards_of
from alerts.model import Alert
from core import outbox
from core.database import Reading
from core.outbox import Delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An alert with the codename people know it by, who takes part in it, and how far its messages came.

    Whoever is woken by an alert must see names, also of people whose agency shares no case with theirs. `cards` tells,
    while it is open, which desks have an emergency card to go by.
    """

    alert: Alert
    codename: str
    people: Sequence[Person]
    deliveries: Sequence[Delivery]
    cards: Sequence[DeskCard] = ()


async def view(
    tx: Reading, alert: Alert, around: Surroundings, said: Sequence[Delivery] | None = None
) -> AlertView:  # fmt: skip
    """Return what is known of an alert; `said` is what was said for it, where that is known already."""
    return (await views(tx, [(alert, around)], None if said is None else {alert.id: said}))[0]


async def views(
    tx: Reading, alerts: Sequence[tuple[Alert, Surroundings]], said: Mapping[UUID, Sequence[Delivery]] | None = None
) -> list[AlertView]:
    """Return what is known of several alerts."""
    if said is None:
        said = await outbox.deliveries_of_alerts(tx, [alert.id for alert, _ in alerts])
    people = {each.id: each for _, around in alerts for each in around.everybody}
    missing = {each for alert, _ in alerts for each in alert.people} - people.keys()
    if missing:
        people |= await directory.people(tx, missing)
    states = await card_store.states(tx, {alert.compartment_id for alert, _ in alerts if not alert.ended})
    return [
        AlertView(
            alert=alert,
            codename=around.codename,
            people=[people[each] for each in sorted(alert.people)],
            deliveries=said[alert.id],
            cards=[] if alert.ended else cards_of(around, states.get(alert.compartment_id, {})),
        )
        for alert, around in alerts
    ]
