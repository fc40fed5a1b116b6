"""What a digest says: a neutral sentence that rings, then numbers; no codename, no level, nothing of what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

from agencies.model import PersonId
from core.outbox import Message, Target, TargetKind
from core.texts import mark
from safety_plans.digests.rules import MANY, Kind, Numbers

RING = "review_ring"
TEXTS = {
    "digest_person": mark(
        "What is yours. Assessments to be done before the next working day: {due}, overdue: {overdue}. "
        "To be done of plans by then: {owed}, overdue: {late}.\n"
        "To see the assessments write: due"
    ),
    "digest_agency": mark(
        "Your agency this week. Assessments its people have: {open}, due before the next working day: {due}, "
        "overdue: {overdue}. To be done of plans by then: {owed}, overdue: {late}. People with more than {many} "
        "assessments: {burdened}. Where much is overdue, share it out."
    ),
}


def digest(kind: Kind, subject: UUID, day: date, person_id: PersonId, told: Numbers) -> list[Message]:
    """Return ring and numbers for one person alone with the bot; the subject and the day make them one."""
    cause = f"digest:{kind}:{subject}:{day}:{person_id}"
    room = Target(kind=TargetKind.PERSON, id=person_id)
    ring = Message(key=f"{cause}:ring", target=room, template=RING, mentions=(person_id,))
    parameters = {
        "due": str(told.reviews_due), "overdue": str(told.reviews_late), "owed": str(told.measures_due),
        "late": str(told.measures_late),
    }  # fmt: skip
    if kind is Kind.AGENCY:
        parameters |= {"open": str(told.reviews), "many": str(MANY), "burdened": str(told.burdened)}
    return [ring, replace(ring, key=f"{cause}:words", template=f"digest_{kind}", parameters=parameters, mentions=())]
