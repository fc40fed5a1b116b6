"""What a review says: a neutral sentence that rings its owner, then the codename and the time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from agencies.model import PersonId
from cases.model import Case
from core.outbox import Message, Target, TargetKind
from core.texts import mark
from safety_plans.clocks.rules import CaseClock
from safety_plans.levels import Told
from safety_plans.measures.rules import Duty
from safety_plans.model import Review
from safety_plans.organisations.rules import OrganisationReview

TEXTS = {
    "review_ring": mark("Streha: reminder, open the app"),
    "review_due": mark(
        "{codename}: the risk is to be assessed again. It was due {time}. Owner: {person}.\n"
        "To see what is due write: due"
    ),
    "review_pulled": mark(
        "{codename}: after what happened the risk is to be assessed again by {time}. Owner: {person}.\n"
        "To see what is due write: due"
    ),
    "review_pulled_late": mark(
        "{codename}: after what happened the risk is to be assessed again AT ONCE: it was due {time} already. "
        "Owner: {person}.\nTo see what is due write: due"
    ),
    "review_overdue": mark(
        "{codename}: the assessment is OVERDUE since {time}. Owner: {person}. The level may be stale: "
        "treat the risk as high, ring the owner."
    ),
    "measure_due": mark(
        "{codename}: something of the plan is to be done by {time}. Owner: {person}. What it is stands in the plan. "
        "When it is done, write it there."
    ),
    "measure_overdue": mark(
        "{codename}: something of the plan is OVERDUE since {time}. Owner: {person}. Do it, or write into the plan "
        "why it cannot be done. The risk is to be assessed again within 72 hours."
    ),
    "clock_custody_due": mark(
        "{codename}: is the suspect still in custody? Confirm by {time}: {person}. Write it down with: streha clock"
    ),
    "clock_custody_overdue": mark(
        "{codename}: nobody has confirmed custody since {time}. Treat the suspect as RELEASED until somebody does. "
        "To confirm: {person}. The risk is to be assessed again within a day."
    ),
    "clock_contact_due": mark("{codename}: contact with whoever is protected is due by {time}: {person}."),
    "clock_contact_overdue": mark(
        "{codename}: contact with whoever is protected is OVERDUE since {time}: {person}. Make it by the safe way that "
        "was agreed. The risk is to be assessed again within a day."
    ),
    "clock_first_contact_due": mark("{codename}: the first visit after the placement is due by {time}: {person}."),
    "clock_first_contact_overdue": mark(
        "{codename}: the first visit after the placement is OVERDUE since {time}: {person}. The risk is to be assessed "
        "again within a day."
    ),
    "clock_re_examination_due": mark("{codename}: the plans are to be gone through as a whole by {time}: {person}."),
    "clock_re_examination_overdue": mark(
        "{codename}: that the plans are gone through as a whole is OVERDUE since {time}: {person}. The risk is to be "
        "assessed again within 72 hours."
    ),
    "clock_placement_due": mark(
        "{codename}: the placement ends by {time} unless it is decided anew: {person}. Nobody moves without a safe "
        "place."
    ),
    "clock_placement_overdue": mark(
        "{codename}: the time of the placement is OVER since {time}: {person}. Decide at once what comes next. The "
        "risk is to be assessed again within 72 hours."
    ),
    "organisation_due": mark(
        "Your organisation's own safety is to be assessed again by {time}: premises, staff, ways, devices. When it is "
        "done write it down with: streha review organisation --done"
    ),
    "organisation_overdue": mark(
        "The assessment of your organisation's own safety is OVERDUE since {time}. It follows the worst of your open "
        "cases. When it is done write it down with: streha review organisation --done"
    ),
    "asked_instead": mark("{codename}: {other} is away; {person} is asked instead."),
    "nobody_there": mark(
        "{codename}: {person} is away, and so is everybody who leads the case. Name others who lead, or ring somebody."
    ),
    "handed_on": mark("{codename}: what somebody had to see to who is here no more is now for {person}: {count}."),
    "level_lowering": mark(
        "{codename}: {person} now sees the risk as lower. Until a second person has looked, the higher level stands. "
        "Look at the assessment; whoever agrees records the same level."
    ),
}


def lowering(told: Told, case: Case, channel: Target) -> list[Message]:
    """Return ring and words for the others who lead a case: somebody told a lower level."""
    asked = tuple(each for each in case.leaders if each != told.by)
    ring = Message(
        key=f"lowering:{case.id}:{told.at.isoformat()}:ring", target=channel, template="review_ring", mentions=asked,
        case_id=case.id,
    )  # fmt: skip
    parameters = {"codename": case.codename, "person": str(told.by)}
    key = f"lowering:{case.id}:{told.at.isoformat()}:words"
    return [ring, replace(ring, key=key, template="level_lowering", parameters=parameters, mentions=())]


def measure(
    duty: Duty, owner: PersonId, case: Case, channel: Target, due_at: datetime, mentions: Iterable[PersonId]
) -> list[Message]:
    """Return ring and words about what is owed, at its present step."""
    cause = f"measure:{duty.id}:{duty.step}"
    ring = Message(
        key=f"{cause}:ring", target=channel, template="review_ring", mentions=tuple(mentions), case_id=case.id
    )  # fmt: skip
    parameters = {"codename": case.codename, "person": str(owner), "time": due_at.isoformat()}
    template = "measure_overdue" if duty.step > 0 else "measure_due"
    return [ring, replace(ring, key=f"{cause}:words", template=template, parameters=parameters, mentions=())]


def clock(
    due: CaseClock, owner: PersonId, case: Case, channel: Target, mentions: Iterable[PersonId]
) -> list[Message]:  # fmt: skip
    """Return ring and words about a clock that is due, at its present step."""
    cause = f"clock:{due.id}:{due.since.isoformat()}:{due.due_at.isoformat()}:{due.step}"
    ring = Message(
        key=f"{cause}:ring", target=channel, template="review_ring", mentions=tuple(mentions), case_id=case.id
    )  # fmt: skip
    what = "placement" if due.kind.value.startswith("placement") else due.kind.value
    template = f"clock_{what}_{'overdue' if due.step > 0 else 'due'}"
    parameters = {"codename": case.codename, "person": str(owner), "time": due.due_at.isoformat()}
    return [ring, replace(ring, key=f"{cause}:words", template=template, parameters=parameters, mentions=())]


def absent(owner: PersonId, asked: PersonId | None, case: Case, channel: Target, cause: str) -> Message:
    """Return the words that somebody is asked in the place of an owner who is away, or that nobody is there."""
    if asked is None:
        words, template = {"codename": case.codename, "person": str(owner)}, "nobody_there"
    else:
        words, template = {"codename": case.codename, "person": str(asked), "other": str(owner)}, "asked_instead"
    return Message(
        key=f"absent:{cause}:{channel.id}", target=channel, template=template, parameters=words, case_id=case.id
    )  # fmt: skip


def handed_on(case: Case, count: int, cause: str) -> list[Message]:
    """Return ring and words for the coordinator, whose it now is."""
    channel = Target(kind=TargetKind.COMPARTMENT, id=case.core.id)
    ring = Message(
        key=f"handed_on:{case.id}:{cause}:ring", target=channel, template="review_ring",
        mentions=(case.coordinator_id,), case_id=case.id,
    )  # fmt: skip
    words = {"codename": case.codename, "person": str(case.coordinator_id), "count": str(count)}
    key = f"handed_on:{case.id}:{cause}:words"
    return [ring, replace(ring, key=key, template="handed_on", parameters=words, mentions=())]


def organisation(review: OrganisationReview, hearing: Iterable[PersonId]) -> list[Message]:
    """Return ring and words for whoever sees to an organisation's own safety, each alone with the bot."""
    cause = f"organisation:{review.agency_id}:{review.due_at.isoformat()}:{review.step}"
    template = "organisation_overdue" if review.step > 0 else "organisation_due"
    said: list[Message] = []
    for each in hearing:
        room = Target(kind=TargetKind.PERSON, id=each)
        ring = Message(key=f"{cause}:ring:{each}", target=room, template="review_ring", mentions=(each,))
        words = {"time": review.due_at.isoformat()}
        said += [ring, replace(ring, key=f"{cause}:{each}", template=template, parameters=words, mentions=())]
    return said


def pulled(review: Review, case: Case, cause: str, now: datetime) -> list[Message]:
    """Return what the case's channel hears of a review that is due soon or already.

    It rings the owner and those who lead.
    """
    channel = Target(kind=TargetKind.COMPARTMENT, id=case.core.id)
    rung = dict.fromkeys([review.owner_id, *case.leaders])
    template = "review_pulled" if review.due_at > now else "review_pulled_late"
    return notice(review, case.codename, channel, template, rung, f"{review.id}:{cause}")


def reminder(
    review: Review, codename: str, target: Target, template: str, mentions: Iterable[PersonId]
) -> list[Message]:
    """Return ring and reminder for one room at the review's present step."""
    return notice(
        review, codename, target, template, mentions, f"{review.id}:{review.step}:{review.due_at.isoformat()}"
    )


def notice(
    review: Review, codename: str, target: Target, template: str, mentions: Iterable[PersonId], cause: str
) -> list[Message]:
    """Return ring and words for one room; the cause makes them one."""
    parameters = {"codename": codename, "time": review.due_at.isoformat(), "person": str(review.owner_id)}
    cause = f"review:{cause}"
    ring = Message(
        key=f"{cause}:ring:{target.id}", target=target, template="review_ring", mentions=tuple(mentions),
        case_id=review.case_id,
    )  # fmt: skip
    key = f"{cause}:{template}:{target.id}"
    return [ring, replace(ring, key=key, template=template, parameters=parameters, mentions=())]
