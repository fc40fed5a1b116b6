"""What a digest says: a neutral sentence that rings, then numbers; no codename, no level, nothing of what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from agencies.model import PersonId
from core.outbox import Message, Target, TargetKind
from core.texts import mark
from safety_plans.digests.rules import MANY, Kind, Numbers, What

RING = "review_ring"
# What of each sort is due, and what is overdue.
NAMES = {What.REVIEW: ("due", "overdue"), What.CLOCK: ("clocks", "stale"), What.MEASURE: ("owed", "late")}
TEXTS = {
    "digest_person": mark(
        "What is yours before the next working day. Assessments: {due}, overdue: {overdue}. Clocks of cases: {clocks}, "
        "overdue: {stale}. To be done of plans: {owed}, overdue: {late}.\n"
        "To see the assessments write: due"
    ),
    "digest_agency": mark(
        "Your agency this week. Its people have assessments: {open}. Before the next working day: {due}, overdue: "
        "{overdue}. Clocks of cases: {clocks}, overdue: {stale}. To be done of plans: {owed}, overdue: {late}. People "
        "with more than {many} assessments: {burdened}. Where much is overdue, share it out."
    ),
}


def digest(kind: Kind, subject: UUID, day: date, person_id: PersonId, told: Numbers) -> list[Message]:
    """Return ring and numbers for one person alone with the bot; the subject and the day make them one."""
    cause = f"digest:{kind}:{subject}:{day}:{person_id}"
    room = Target(kind=TargetKind.PERSON, id=person_id)
    ring = Message(key=f"{cause}:ring", target=room, template=RING, mentions=(person_id,))
    parameters = {
        name: str(count.get(what, 0))
        for what, names in NAMES.items()
        for name, count in zip(names, (told.due, told.late), strict=True)
    }
    if kind is Kind.AGENCY:
        parameters |= {"open": str(told.reviews), "many": str(MANY), "burdened": str(told.burdened)}
    return [ring, replace(ring, key=f"{cause}:words", template=f"digest_{kind}", parameters=parameters, mentions=())]
