"""What the API answers, read tolerantly.

Unknown fields are ignored, and words that a newer server may add to stay plain strings.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every answer."""


class Challenge(Answer, frozen=True, kw_only=True):
    """What is to be signed. The network's name is in the key file, and is not taken from here."""

    nonce: bytes
    network: bytes = b""


class Session(Answer, frozen=True, kw_only=True):
    """A session's token."""

    token: str
    expires_at: Moment


class SignInLink(Answer, frozen=True, kw_only=True):
    """What signs one browser in, once."""

    code: str
    expires_at: Moment


class Person(Answer, frozen=True, kw_only=True):
    """A member of an agency's staff."""

    id: UUID
    agency: UUID
    name: str
    role: str
    matrix_user: str


class OwnSentences(Answer, frozen=True, kw_only=True):
    """How one's own sentences stand, and the key to seal new ones to."""

    standing: str
    since: Moment | None
    public_key: bytes | None


class People(Answer, frozen=True, kw_only=True):
    """People one works with."""

    people: list[Person]


class Agency(Answer, frozen=True, kw_only=True):
    """An agency of the network."""

    id: UUID
    name: str
    kind: str
    country: str
    language: str


class Agencies(Answer, frozen=True, kw_only=True):
    """All agencies of the network."""

    agencies: list[Agency]


class DeviceClaim(Answer, frozen=True, kw_only=True):
    """A Matrix device that waits to be confirmed."""

    person: UUID
    agency: UUID
    name: str
    matrix_user: str
    device: str
    made_at: Moment


class DeviceClaims(Answer, frozen=True, kw_only=True):
    """Devices that one may confirm, the oldest first."""

    claims: list[DeviceClaim]


class MatrixLink(Answer, frozen=True, kw_only=True):
    """How far a person is linked to a Matrix identity."""

    person: UUID
    name: str
    matrix_user: str
    state: str
    device: str | None
    claimed_at: Moment | None


class MatrixLinks(Answer, frozen=True, kw_only=True):
    """How far people are linked: an administrator's whole agency, everybody else alone."""

    links: list[MatrixLink]


class Compartment(Answer, frozen=True, kw_only=True):
    """A circle of members with a channel."""

    id: UUID
    case: UUID
    codename: str
    core: bool
    closed_at: Moment | None
    members: list[UUID]


class Holding(Answer, frozen=True, kw_only=True):
    """How far a channel's key came with one member."""

    person: UUID
    state: str
    seen_at: Moment | None


class ChannelKeys(Answer, frozen=True, kw_only=True):
    """Who can read what is said next in one channel."""

    compartment: UUID
    members: list[Holding]


class Keys(Answer, frozen=True, kw_only=True):
    """Who can read what is said next in the channels of a case."""

    channels: list[ChannelKeys]


class Case(Answer, frozen=True, kw_only=True):
    """What one may know of a case."""

    id: UUID
    codename: str
    language: str
    coordinator: UUID
    deputy: UUID | None
    opened_at: Moment
    closed_at: Moment | None
    agencies: dict[UUID, str]
    compartments: list[Compartment]
    excluded: list[UUID]


class Cases(Answer, frozen=True, kw_only=True):
    """The open cases one has a part in."""

    cases: list[Case]


class Review(Answer, frozen=True, kw_only=True):
    """The duty to assess a case again."""

    id: UUID
    case: UUID
    codename: str
    level: str
    owner: UUID
    opened_at: Moment
    due_at: Moment
    state: str
    reason: str = "interval"
    lowering: str | None = None
    stale_since: Moment | None = None


class Reviews(Answer, frozen=True, kw_only=True):
    """Open reviews, the earliest first."""

    reviews: list[Review]


class Absence(Answer, frozen=True, kw_only=True):
    """From when until when somebody is away; nothing where they are not."""

    begins_at: Moment | None = None
    ends_at: Moment | None = None


class OrganisationReview(Answer, frozen=True, kw_only=True):
    """By when one's own organisation assesses its safety; no time where it helps in no open case."""

    agency: UUID
    since: Moment | None = None
    due_at: Moment | None = None
    stale_since: Moment | None = None


class CaseClock(Answer, frozen=True, kw_only=True):
    """Who looks at something by when, and since when it is not to be relied upon."""

    kind: str
    owner: UUID
    since: Moment
    due_at: Moment
    stale_since: Moment | None = None


class CaseClocks(Answer, frozen=True, kw_only=True):
    """The clocks of a case, the earliest first, and its dates."""

    case: UUID
    codename: str
    clocks: list[CaseClock]
    dates: list[Moment]


class AgencyInAlert(Answer, frozen=True, kw_only=True):
    """An agency's part in an alert."""

    agency: UUID
    part: str
    acknowledged_by: UUID | None
    acknowledged_at: Moment | None


class Recipient(Answer, frozen=True, kw_only=True):
    """A person who was called."""

    person: UUID
    agency: UUID
    tier: int
    acknowledged_at: Moment | None
    by_telephone: bool = False


class Delivery(Answer, frozen=True, kw_only=True):
    """How far one message came."""

    target_kind: str
    target: UUID
    template: str
    state: str
    created_at: Moment
    sent_at: Moment | None
    unreached: list[UUID] = []


class Conversation(Answer, frozen=True, kw_only=True):
    """That somebody says they spoke with somebody about an alert."""

    spoken_by: UUID
    spoken_with: UUID
    spoken_at: Moment


class RaisedWith(Answer, frozen=True, kw_only=True):
    """A device that can only raise."""

    device: str
    agency: UUID


class DeviceRaise(Answer, frozen=True, kw_only=True):
    """How far a raise of a device came."""

    id: UUID
    status: str
    sent: Moment
    state: str
    rooms: int
    accepted_by: list[str]


class EmergencyCall(Answer, frozen=True, kw_only=True):
    """That somebody says the police or an ambulance was called, or was not."""

    service: str
    said_by: UUID
    said_at: Moment
    called: bool
    called_by: UUID | None
    called_at: Moment | None


class DeskCard(Answer, frozen=True, kw_only=True):
    """Whether a duty desk has an emergency card: `sealed`, `old` or `missing`."""

    desk: UUID
    agency: UUID
    state: str


class Alert(Answer, frozen=True, kw_only=True):
    """An alert, who was called, and who accepted. What has a value here older servers do not tell."""

    id: UUID
    codename: str
    case: UUID
    compartment: UUID
    status: str
    event: str
    category: str = ""
    response_type: str = ""
    urgency: str = ""
    severity: str
    first_severity: str = ""
    certainty: str
    first_certainty: str = ""
    onset: Moment | None = None
    expires: Moment | None = None
    instruction: str | None = None
    raised_by: UUID | None
    raised_through: str
    raised_with: RaisedWith | None = None
    claimed_by: UUID | None = None
    pressed_by: list[UUID]
    sent: Moment
    state: str
    owner: UUID | None
    next_step_at: Moment | None
    owner_asked_at: Moment | None = None
    paused_until: Moment | None
    stood_down_by: UUID | None
    stood_down_at: Moment | None
    stand_down_reason: str | None
    agencies: list[AgencyInAlert]
    recipients: list[Recipient]
    deliveries: list[Delivery]
    conversations: list[Conversation] = []
    emergency_calls: list[EmergencyCall] = []
    police: str | None = None
    cards: list[DeskCard] = []
    people: dict[UUID, str] = {}

    @property
    def unreached(self) -> list[UUID]:
        """Return who was to be called in a room, cannot read it there, and has not accepted elsewhere."""
        missed = {person for each in self.deliveries for person in each.unreached}
        return sorted(missed - set(self.accepted_by))

    @property
    def accepted_by(self) -> list[UUID]:
        """Return who accepted, each once, the earliest first."""
        accepted = [each for each in self.recipients if each.acknowledged_at is not None]
        accepted.sort(key=lambda each: str(each.acknowledged_at))
        return list(dict.fromkeys(each.person for each in accepted))

    @property
    def silent(self) -> list[UUID]:
        """Return the agencies that must still accept."""
        return [each.agency for each in self.agencies if each.part == "responder" and each.acknowledged_by is None]

    @property
    def rooms_reached(self) -> int:
        """Return into how many rooms a message of the alert was delivered."""
        return len({(each.target_kind, each.target) for each in self.deliveries if each.state == "sent"})


class DrillFigures(Answer, frozen=True, kw_only=True):
    """How soon a tier of an agency accepted exercises, in seconds; without a tier or an hour, of all of them."""

    agency: UUID
    tier: int | None
    hour: int | None
    called: int
    never_answered: int
    p50: float | None
    p95: float | None


class Drills(Answer, frozen=True, kw_only=True):
    """An agency's exercises, by the hours of a time zone."""

    time_zone: str
    drills: list[DrillFigures]


class Alerts(Answer, frozen=True, kw_only=True):
    """Alerts, newest first."""

    alerts: list[Alert]


class NotedFact(Answer, frozen=True, kw_only=True):
    """A fact of an incident record, and who noted it first."""

    section: str
    fact: str
    noted_by: UUID
    noted_at: Moment


class IncidentDuty(Answer, frozen=True, kw_only=True):
    """What its owner must see to by a time after an alert."""

    kind: str
    owner: UUID
    began_at: Moment
    due_at: Moment
    done_by: UUID | None
    done_at: Moment | None


class Incident(Answer, frozen=True, kw_only=True):
    """The incident record of an alert; `missing` are the sections in which nothing stands yet."""

    alert: UUID
    codename: str
    noted: list[NotedFact]
    missing: list[str]
    duties: list[IncidentDuty]
    people: dict[UUID, str] = {}


class Change(Answer, frozen=True, kw_only=True):
    """What has changed, by ids alone."""

    act: str
    object: str
    id: UUID | None = None
    case: UUID | None = None
