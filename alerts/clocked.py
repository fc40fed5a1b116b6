"""Alerts that nobody raises by themselves: a clock says that something was not done, or they follow from a word."""

from __future__ import annotations

from datetime import datetime

from agencies.model import PersonId
from alerts import store
from alerts.model import Press
from alerts.pressing import new_alert, take_up
from alerts.vocabulary import Event, Status, Through
from cases.model import Case, Compartment
from core.database import Transaction
from core.ids import derived_id


async def raise_by_clock(
    tx: Transaction, case: Case, event: Event, cause: str, now: datetime,
    compartment: Compartment | None = None, *, joins: bool = False, said_by: PersonId | None = None,
    status: Status = Status.ACTUAL,
) -> bool:  # fmt: skip
    """Raise an alert in a compartment of a case, else in its core, once for each cause; tell whether it was raised.

    Where an alert is open there, none is: people are called already, or act. Whoever asks asks again later. What
    `joins` becomes part of the open one instead, as a press does: nobody knows yet that this happened too. `said_by` is
    from whose word it follows, where it is no clock. An exercise joins only exercises.
    """
    place = compartment or case.core
    key = derived_id("by_clock", f"{event}:{cause}")
    found = await store.alert_of_key(tx, key, place.id, status)
    if found.raised is not None or (found.open is not None and not joins):
        return False
    press = Press(person_id=said_by, at=now)
    through = Through.CLOCK if said_by is None else Through.API
    raised = new_alert(key, case, place, press, event, status, through)
    await take_up(tx, raised, case, place, found.open)
    return True
