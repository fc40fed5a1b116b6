"""What one rung of the ladder says and brings about: of a step of a way that is late, or of somebody not heard from.

Who left the circle hears nothing. The alert is raised by which the engine calls people on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from agencies import contacts
from agencies.model import PersonId
from alerts.clocked import raise_by_clock
from alerts.vocabulary import Event, Status
from cases.model import Case
from core.database import Transaction
from core.outbox import Message
from operations import messages
from operations.lateness import Rung
from operations.messages import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """What is late and who is called: first those `asked`, then the `helpers`, then the `liaison`.

    `says` makes what the channel reads at a rung, of its cause and whoever it names; `asks` what those asked read.
    """

    about: Told
    asked: Sequence[PersonId]
    helpers: Sequence[PersonId]
    liaison: PersonId
    event: Event
    asks: Callable[[str], Message]
    says: Callable[[Rung, str, PersonId | None], Message]


async def climbed(tx: Transaction, late: Late, case: Case, rung: Rung, cause: str, now: datetime) -> list[Message]:
    """Return what one rung says; that of the desks raises the alert."""
    circle = case.compartment(late.about.compartment_id)
    # Where the circle is closed, nobody reads its channel: the case's own hears of the alert.
    circle = circle if circle is not None and circle.open else None
    there = case.core.member_ids if circle is None else circle.member_ids
    asked = [each for each in late.asked if each in there] or [each for each in late.helpers if each in there]
    # All of them left the circle meanwhile: whoever is there asks.
    asked = asked or sorted(there)
    match rung:
        case Rung.PROMPT:
            return messages.ringing(late.asks(cause), asked, alone=True)
        case Rung.VOICE:
            return messages.calling(late.about, cause, await _contacts(tx, asked))
        case Rung.BUDDY:
            return await _rung(tx, late, rung, cause, late.helpers, there)
        case Rung.LIAISON:
            return await _rung(tx, late, rung, cause, [late.liaison], there)
        case Rung.POLICE:
            return messages.ringing(late.says(rung, cause, None), sorted(there))
        case Rung.DESK | Rung.AGAIN:
            status = Status.EXERCISE if late.about.drill else Status.ACTUAL
            await raise_by_clock(tx, case, late.event, cause, now, circle, joins=rung is Rung.DESK, status=status)
            return []


async def _rung(
    tx: Transaction, late: Late, rung: Rung, cause: str, people: Sequence[PersonId], there: frozenset[PersonId]
) -> list[Message]:
    """Return what rings people by every way: in the channel, alone, by telephone."""
    called = [each for each in dict.fromkeys(people) if each in there] or sorted(there)
    said = messages.ringing(late.says(rung, cause, called[0] if called else None), called, alone=True)
    return said + messages.calling(late.about, cause, await _contacts(tx, called))


async def _contacts(tx: Transaction, people: Sequence[PersonId]) -> list[contacts.Contact]:
    return [each for each, _ in await contacts.contacts_of(tx, people, [])]
