"""What is said of incident records and of the clock that runs where personal data may have leaked."""

from __future__ import annotations

from collections.abc import Iterable

from agencies.model import PersonId
from alerts.incidents.rules import Duty, Fact, Section
from core.outbox import Message, Target, TargetKind
from core.texts import mark

TEXTS = {
    "incident_ring": mark("Streha: reminder, open the app"),
    "incident_record_due": mark("{codename}: the incident record is not complete. It is due {time}. Owner: {person}."),
    "incident_record_overdue": mark("{codename}: the incident record is OVERDUE since {time}. Owner: {person}."),
    "data_breach_notification_begun": mark(
        "{codename}: personal data may have leaked. Whoever the law names must be told by {time}. Owner: {person}."
    ),
    "data_breach_notification_due": mark(
        "{codename}: personal data may have leaked, and nobody has noted yet that it was told to whom the law names. "
        "It must be told by {time}. Owner: {person}."
    ),
    "data_breach_notification_overdue": mark(
        "{codename}: OVERDUE since {time}: personal data may have leaked, and nobody has noted that it was told to "
        "whom the law names. Owner: {person}. Ring them."
    ),
}

SECTION_TEXTS: dict[str, str] = {
    Section.IMMEDIATE: mark("immediate"),
    Section.UPDATE: mark("update"),
    Section.POST_INCIDENT: mark("post-incident"),
}
FACT_TEXTS: dict[str, str] = {
    Fact.NOBODY_HARMED: mark("nobody was harmed"),
    Fact.SOMEBODY_HARMED: mark("somebody was harmed"),
    Fact.SOMEBODY_MISSING: mark("somebody is missing"),
    Fact.THREAT_GOES_ON: mark("the threat goes on"),
    Fact.THREAT_OVER: mark("the threat is over"),
    Fact.POLICE_CAME: mark("the police came"),
    Fact.AMBULANCE_CAME: mark("an ambulance came"),
    Fact.MOVED_TO_SAFETY: mark("moved to safety"),
    Fact.ESCORT_ARRANGED: mark("an escort was arranged"),
    Fact.ACCESS_ENDED: mark("somebody's access was ended"),
    Fact.DEVICES_REPLACED: mark("devices were replaced"),
    Fact.PLAN_CHANGED: mark("the safety plan was changed"),
    Fact.SUPPORT_OFFERED: mark("support was offered"),
    Fact.DEBRIEFED: mark("those involved have talked it through"),
    Fact.NOTHING_TO_DO: mark("nothing was left to do"),
    Fact.BENEFICIARY_TOLD: mark("the beneficiary was told"),
    Fact.POLICE_TOLD: mark("the police was told"),
    Fact.PROSECUTOR_TOLD: mark("the prosecutor was told"),
    Fact.AGENCY_HEAD_TOLD: mark("the head of the agency was told"),
    Fact.DATA_MAY_HAVE_LEAKED: mark("personal data may have leaked"),
    Fact.AUTHORITY_NOTIFIED: mark("whoever the law names was told of the leak"),
    Fact.NOTIFICATION_NOT_NEEDED: mark("nobody has to be told of a leak"),
}


def reminders(
    duty: Duty, codename: str, how: str, rooms: Iterable[tuple[Target, Iterable[PersonId]]]
) -> list[Message]:  # fmt: skip
    """Return ring and words for rooms, and whom it rings there; `how` is `begun`, `due` or `overdue`."""
    parameters = {"codename": codename, "time": duty.due_at.isoformat(), "person": str(duty.owner_id)}
    said = []
    for room, mentions in rooms:
        cause = f"incident:{duty.id}:{duty.began_at.isoformat()}:{how}:{duty.step}:{room.id}"
        ring = Message(
            key=f"{cause}:ring", target=room, template="incident_ring", mentions=tuple(mentions), case_id=duty.case_id
        )
        words = Message(
            key=cause, target=room, template=f"{duty.kind}_{how}", parameters=parameters, case_id=duty.case_id
        )
        said += [ring, words] if ring.mentions else [words]
    return said


def alone(people: Iterable[PersonId]) -> list[tuple[Target, Iterable[PersonId]]]:
    """Return the rooms in which these people are alone with the bot, each rung there."""
    return [(Target(kind=TargetKind.PERSON, id=each), (each,)) for each in dict.fromkeys(people)]
