"""What is said of incident records and of the clock that runs where personal data may have leaked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
    # Of several at once, where an outage or many alerts made them due together.
    "incident_records_due": mark(
        "{codename}: {count} incident records are not complete. The first is due {time}. Owners: {person}."
    ),
    "incident_records_overdue": mark(
        "{codename}: {count} incident records are OVERDUE, the first since {time}. Owners: {person}."
    ),
    "data_breach_notifications_due": mark(
        "{codename}: after {count} alerts personal data may have leaked, and nobody has noted yet that it was told to "
        "whom the law names. The first must be told by {time}. Owners: {person}."
    ),
    "data_breach_notifications_overdue": mark(
        "{codename}: OVERDUE, the first since {time}: after {count} alerts personal data may have leaked, and nobody "
        "has noted that it was told to whom the law names. Owners: {person}. Ring them."
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
    duties: Sequence[Duty], codename: str, how: str, rooms: Iterable[tuple[Target, Iterable[PersonId]]]
) -> list[Message]:  # fmt: skip
    """Return ring and words for rooms, and whom it rings there; `how` is `begun`, `due` or `overdue`.

    Duties of one kind and compartment that are told at once are told in one line, with how many they are, when the
    first was due and whose they are: a room in which hundreds of lines stand is read by nobody.
    """
    first = min(duties, key=lambda each: (each.due_at, each.id))
    owners = dict.fromkeys(str(each.owner_id) for each in duties)
    parameters = {"codename": codename, "time": first.due_at.isoformat(), "person": ",".join(owners)}
    template = f"{first.kind}_{how}"
    if len(duties) > 1:
        parameters["count"], template = str(len(duties)), f"{first.kind}s_{how}"
    said = []
    for room, mentions in rooms:
        cause = f"incident:{first.id}:{first.began_at.isoformat()}:{how}:{first.step}:{room.id}"
        ring = Message(
            key=f"{cause}:ring", target=room, template="incident_ring", mentions=tuple(mentions), case_id=first.case_id
        )
        words = Message(key=cause, target=room, template=template, parameters=parameters, case_id=first.case_id)
        said += [ring, words] if ring.mentions else [words]
    return said


def alone(people: Iterable[PersonId]) -> list[tuple[Target, Iterable[PersonId]]]:
    """Return the rooms in which these people are alone with the bot, each rung there."""
    return [(Target(kind=TargetKind.PERSON, id=each), (each,)) for each in dict.fromkeys(people)]
