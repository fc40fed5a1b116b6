"""What happens elsewhere while somebody looks at a console: messages arrive or do not, colleagues act.

Deliveries are written down through the outbox, as the bot does; everything else goes through the services.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID, uuid4

from agencies.model import Person
from alerts.model import AlertId
from alerts.vocabulary import Status
from core import outbox
from core.database import Transaction
from core.outbox import Claimed, Lane, Target
from tests.people import Network, Scene

ALL = 1000


async def raised(network: Network, story: Scene, by: Person, *, drill: bool = False) -> AlertId:
    """Let somebody raise an alert in the case's channel; return it."""
    status = Status.EXERCISE if drill else Status.ACTUAL
    view = await network.alerts.raise_(by, story.case.core.id, uuid4(), status=status)
    return view.alert.id


async def deliver(
    network: Network, to: Callable[[Target], bool] = lambda _: True, *, unreached: Collection[UUID] = ()
) -> None:
    """Let the messages that wait arrive in these rooms, but not on any device of the `unreached`."""
    now = network.clock.now()
    async with network.database.transaction() as tx:
        for each in await _waiting(network, tx):
            if to(each.message.target):
                missed = [person for person in each.message.mentions if person in unreached]
                await outbox.mark_sent(tx, [(each.id, missed)], now)
            else:
                await outbox.put_off(tx, each.id, now, "temporary")


async def refuse(network: Network, to: Callable[[Target], bool] = lambda _: True) -> None:
    """Let the messages that wait for these rooms be given up: the homeserver refuses them for good."""
    now = network.clock.now()
    async with network.database.transaction() as tx:
        for each in await _waiting(network, tx):
            if to(each.message.target):
                await outbox.give_up(tx, each.id, "failed", "permanent", now)
            else:
                await outbox.put_off(tx, each.id, now, "temporary")


async def _waiting(network: Network, tx: Transaction) -> list[Claimed]:
    return await outbox.claim(tx, network.clock.now(), ALL, Lane.ALERT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    """A raise that was stored, and the alert that it belongs to."""

    key: UUID
    alert_id: AlertId


async def presses(network: Network) -> list[Pressed]:
    """Return every raise that was stored, the first one first."""
    async with network.database.transaction() as tx:
        rows = await tx.rows("SELECT key, alert_id FROM alert_raises ORDER BY at, key <> alert_id")
    return [Pressed(key=row["key"], alert_id=AlertId(row["alert_id"])) for row in rows]
