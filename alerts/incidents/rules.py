"""What is recorded after an alert, when it must be done, and who is reminded when: pure rules.

Only codes from closed lists, noted by a named person: a record in somebody's own words is for the vault. That a leak of
personal data must be told within 72 hours is article 33 of the General Data Protection Regulation, and article 52 of
Serbia's Law on Personal Data Protection of 2018; whom to tell, and whether, a lawyer says. That an incident record is
complete within 72 hours is our own design.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import PersonId
from alerts.model import AlertId
from alerts.vocabulary import Event
from cases.model import CaseId

DutyId = NewType("DutyId", UUID)

DAILY = timedelta(days=1)


class Section(StrEnum):
    """The parts of an incident record, in their order."""

    IMMEDIATE = "immediate"
    UPDATE = "update"
    POST_INCIDENT = "post_incident"


class Fact(StrEnum):
    """What can be recorded: how it went, what was done, who was told, whether data may have leaked."""

    # How it went.
    NOBODY_HARMED = "nobody_harmed"
    SOMEBODY_HARMED = "somebody_harmed"
    SOMEBODY_MISSING = "somebody_missing"
    THREAT_GOES_ON = "threat_goes_on"
    THREAT_OVER = "threat_over"
    # What was done.
    POLICE_CAME = "police_came"
    AMBULANCE_CAME = "ambulance_came"
    MOVED_TO_SAFETY = "moved_to_safety"
    ESCORT_ARRANGED = "escort_arranged"
    ACCESS_ENDED = "access_ended"
    DEVICES_REPLACED = "devices_replaced"
    PLAN_CHANGED = "plan_changed"
    SUPPORT_OFFERED = "support_offered"
    DEBRIEFED = "debriefed"
    NOTHING_TO_DO = "nothing_to_do"
    # Who was told.
    BENEFICIARY_TOLD = "beneficiary_told"
    POLICE_TOLD = "police_told"
    PROSECUTOR_TOLD = "prosecutor_told"
    AGENCY_HEAD_TOLD = "agency_head_told"
    # Personal data.
    DATA_MAY_HAVE_LEAKED = "data_may_have_leaked"
    AUTHORITY_NOTIFIED = "authority_notified"
    NOTIFICATION_NOT_NEEDED = "notification_not_needed"


class Kind(StrEnum):
    """What must be done by a time after an alert."""

    RECORD = "incident_record"
    BREACH = "data_breach_notification"


# Alerts in which personal data may have got to the wrong people.
LEAKS = frozenset({Event.CONFIDENTIALITY_BREACH, Event.LOCATION_COMPROMISED, Event.DEVICE_LOST})
# What ends the clock of a leak: told to whom the law names, or decided by name that nobody has to be.
ENDS_BREACH = frozenset({Fact.AUTHORITY_NOTIFIED, Fact.NOTIFICATION_NOT_NEEDED})
WITHIN: dict[Kind, timedelta] = {Kind.RECORD: timedelta(hours=72), Kind.BREACH: timedelta(hours=72)}
# When the owner is reminded, counted from the beginning; after the last of them daily.
REMINDED_AFTER: dict[Kind, tuple[timedelta, ...]] = {
    Kind.RECORD: (timedelta(hours=24), timedelta(hours=72)),
    Kind.BREACH: (timedelta(hours=24), timedelta(hours=48), timedelta(hours=66), timedelta(hours=72)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One fact of a record, and who noted it first."""

    section: Section
    fact: Fact
    noted_by: PersonId
    noted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What one named owner must see to by a time after an alert. `step` counts reminders sent."""

    id: DutyId
    alert_id: AlertId
    case_id: CaseId
    kind: Kind
    owner_id: PersonId
    began_at: datetime
    due_at: datetime
    step: int
    next_step_at: datetime | None
    done_by: PersonId | None = None
    done_at: datetime | None = None


def next_reminder(kind: Kind, began_at: datetime, step: int, now: datetime) -> datetime:
    """Return when the reminder after `step` of them is due; of those that an outage swallowed only the last is sent."""
    ahead = [began_at + each for each in REMINDED_AFTER[kind][step:] if began_at + each > now]
    if step == 0:
        return began_at + REMINDED_AFTER[kind][0]
    return ahead[0] if ahead else now + DAILY


def overdue(duty: Duty, now: datetime) -> bool:
    """Whether it should have been done by now."""
    return now >= duty.due_at


def missing(noted: Collection[Noted]) -> list[Section]:
    """Return the parts of a record in which nothing stands yet; without any the record is complete."""
    return [section for section in Section if not any(each.section is section for each in noted)]
