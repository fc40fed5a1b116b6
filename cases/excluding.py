"""What follows from an exclusion for others: whoever shared a compartment with the person hears what to do, alone.

What is said names nobody and does not say why. Where the excluded person never was in a compartment, as a guardian who
is barred beforehand, nothing is said: that somebody is barred would be the news. Ground: domain/scenarios.md 6.
"""

from __future__ import annotations

from datetime import datetime

from agencies.model import PersonId
from cases.model import Case
from cases.store import SQL
from core import outbox
from core.database import Transaction
from core.outbox import Message, Target, TargetKind
from core.texts import mark

TEXTS = {
    "excluded_ring": mark("Streha: open the app"),
    "excluded_shared": mark(
        "{codename}: somebody who could read and hear here no longer may. Take it that they know all that stood and "
        "was said here until now. Change places, times, ways and code words that were agreed; use no more what they "
        "had in hand; speak of it with nobody outside the channel, nor with them. What else to do says whoever "
        "coordinates: {person}. Danger to life: ring {police}."
    ),
}


async def tell_who_shared(tx: Transaction, case: Case, excluded: PersonId, now: datetime) -> None:
    """Ring and tell everybody who is in a compartment in which the excluded was with them, and those who lead."""
    shared = {PersonId(row["person_id"]) for row in await tx.rows(SQL["shared_with"], case.id, excluded)}
    if not shared:
        return
    await outbox.post(tx, _told(case, (shared | {*case.leaders}) - {excluded, *case.excluded_ids}, excluded, now), now)


def _told(case: Case, people: set[PersonId], excluded: PersonId, now: datetime) -> list[Message]:
    messages: list[Message] = []
    for each in sorted(people):
        room = Target(kind=TargetKind.PERSON, id=each)
        key = f"excluded:{case.id}:{excluded}:{now.isoformat()}:{each}"
        messages += [
            Message(key=f"{key}:ring", target=room, template="excluded_ring", mentions=(each,), case_id=case.id),
            Message(
                key=key, target=room, template="excluded_shared", case_id=case.id,
                parameters={"codename": case.codename, "person": str(case.coordinator_id)},
            ),
        ]  # fmt: skip
    return messages
