"""Alerts over the wire: who was called, how far the messages came, who accepted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self
from uuid import UUID

import msgspec

from agencies.model import AgencyId, DeskId, PersonId, RaisingDevice
from alerts.cap import Urgency, expires_of, first_certainty, instruction_of, onset_of, urgency_of
from alerts.cards.rules import CardState, DeskCard
from alerts.escalation import paused_until
from alerts.model import (
    AgencyAnswer,
    AlertId,
    Conversation,
    Recipient,
    State,
    Tier,
)
from alerts.police.emergency import EmergencyCall, Police, Service
from alerts.service import AlertView
from alerts.vocabulary import (
    CATEGORY_OF_EVENT,
    RESPONSE_TO_EVENT,
    Category,
    Certainty,
    Event,
    Response,
    Severity,
    StandDownReason,
    Status,
    Through,
)
from cases.model import CaseId, CompartmentId, Part
from core.outbox import Delivery, TargetKind
from core.texts import render
from server.api.wire import Codename, Moment, NameOfPerson, Wire, in_order

NOT_YET = msgspec.Meta(examples=[None])


class RaiseAlert(Wire, frozen=True, kw_only=True):
    """Where an alert is raised. What happened may be told later; a drill is an `Exercise`.

    `child` says of somebody missing that it is a child.
    """

    compartment: CompartmentId
    event: Annotated[Event, msgspec.Meta(examples=["panic"])] = Event.PANIC
    status: Status = Status.ACTUAL
    child: bool = False


class ListAlerts(Wire, frozen=True, kw_only=True):
    """Which alerts are asked for: the open ones, or those that have ended too."""

    ended: bool = False


class EndAlert(Wire, frozen=True, kw_only=True):
    """Why an alert ends."""

    reason: Annotated[StandDownReason, msgspec.Meta(examples=["safe"])]


class NoteConversation(Wire, frozen=True, kw_only=True):
    """With whom one spoke about an alert, and when: now unless it says otherwise."""

    person: PersonId
    at: Moment | None = None


class ConversationAnswer(Wire, frozen=True, kw_only=True):
    """That somebody says they spoke with somebody. It is nobody's acceptance."""

    spoken_by: PersonId
    spoken_with: PersonId
    spoken_at: Moment

    @classmethod
    def of(cls, conversation: Conversation) -> Self:
        """Return a conversation as it is sent."""
        return cls(
            spoken_by=conversation.spoken_by,
            spoken_with=conversation.spoken_with,
            spoken_at=conversation.spoken_at,
        )


class NoteEmergencyCall(Wire, frozen=True, kw_only=True):
    """Whether a service was called. Without `by` somebody called who takes no part; `at` is now unless it says."""

    called: bool
    by: PersonId | None = None
    at: Moment | None = None
    service: Service = Service.POLICE


class EmergencyCallAnswer(Wire, frozen=True, kw_only=True):
    """That somebody says a service was called, or was not."""

    service: Service
    said_by: PersonId
    said_at: Moment
    called: bool
    called_by: PersonId | None
    called_at: Moment | None

    @classmethod
    def of(cls, said: EmergencyCall) -> Self:
        """Return what was said as it is sent."""
        return cls(
            service=said.service,
            said_by=said.said_by,
            said_at=said.said_at,
            called=said.called,
            called_by=said.called_by,
            called_at=said.called_at,
        )


class AgencyInAlert(Wire, frozen=True, kw_only=True):
    """An agency's part in an alert, and who accepted for it."""

    agency: AgencyId
    part: Part
    acknowledged_by: PersonId | None
    acknowledged_at: Moment | None

    @classmethod
    def of(cls, answer: AgencyAnswer) -> Self:
        """Return an agency's answer as it is sent."""
        return cls(
            agency=answer.agency_id,
            part=answer.part,
            acknowledged_by=answer.acknowledged_by,
            acknowledged_at=answer.acknowledged_at,
        )


class RecipientAnswer(Wire, frozen=True, kw_only=True):
    """A person who was called for an agency."""

    person: PersonId
    agency: AgencyId
    tier: Tier
    acknowledged_at: Moment | None
    by_telephone: bool

    @classmethod
    def of(cls, recipient: Recipient) -> Self:
        """Return a recipient as it is sent."""
        return cls(
            person=recipient.person_id,
            agency=recipient.agency_id,
            tier=recipient.tier,
            acknowledged_at=recipient.acknowledged_at,
            by_telephone=recipient.by_telephone,
        )


class DeliveryAnswer(Wire, frozen=True, kw_only=True):
    """How far one message came: `pending`, `sending`, `sent`, `failed`, `quarantined` or `withdrawn`.

    `unreached` are people who were to be called by it and cannot read it.
    """

    target_kind: TargetKind
    target: UUID
    template: Annotated[str, msgspec.Meta(examples=["alert_ring"])]
    state: Annotated[str, msgspec.Meta(examples=["sent"])]
    created_at: Moment
    sent_at: Moment | None
    unreached: list[UUID]

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Return a delivery as it is sent."""
        return cls(
            target_kind=delivery.target.kind,
            target=delivery.target.id,
            template=delivery.template,
            state=delivery.state,
            created_at=delivery.created_at,
            sent_at=delivery.sent_at,
            unreached=list(delivery.unreached),
        )


class RaisedWith(Wire, frozen=True, kw_only=True):
    """A device that can only raise: its label, and of which agency it is."""

    device: Annotated[str, msgspec.Meta(examples=["door-2"])]
    agency: AgencyId

    @classmethod
    def of(cls, device: RaisingDevice) -> Self:
        """Return a device as it is sent."""
        return cls(device=device.label, agency=device.agency_id)


class DeskCardAnswer(Wire, frozen=True, kw_only=True):
    """Whether a duty desk has an emergency card: `sealed`, `old` (sealed to a former key) or `missing`."""

    desk: DeskId
    agency: AgencyId
    state: CardState

    @classmethod
    def of(cls, card: DeskCard) -> Self:
        """Return how it stands with a desk as it is sent."""
        return cls(desk=card.desk_id, agency=card.agency_id, state=card.state)


class AlertAnswer(Wire, frozen=True, kw_only=True):
    """An alert. `id` may differ from the key of a raise that became part of an open alert.

    `raised_with` is the device that can only raise with which it was first raised. Where that is nobody's in particular
    there is no `raised_by`, nor where nobody could be verified. `pressed_by` is everybody whose press became part of
    it, as far as that was verified. Until `paused_until` calling rests because a raiser said that it is over. What
    comes at `next_step_at` is the next call, or once every responder has accepted the question to the owner; from
    `owner_asked_at` it is the end of the wait for an answer.
    `claimed_by` is from whose telephone it seems to have been raised, where nobody is known to have raised it: a number
    can be forged. `people` names everybody who takes part. `police` is what is known of whether the police was called;
    nothing where that need not be. `category`, `response_type` and `urgency` follow from `event`, in the words of CAP.
    `instruction` is what to do first, in the language that is asked for; an exercise has none. `onset` is when what
    happened began, where that is known; nothing `expires` until somebody ends it. Severity and certainty are those of
    now, and beside them those of the first raise.
    `cards` tells, while it is open, which desks of responding agencies have an emergency card, which whoever accepts at
    such a desk can open.
    """

    id: AlertId
    codename: Codename
    case: CaseId
    compartment: CompartmentId
    status: Status
    event: Annotated[Event, msgspec.Meta(examples=["panic"])]
    category: Category
    response_type: Response
    urgency: Urgency
    severity: Severity
    first_severity: Severity
    certainty: Certainty
    first_certainty: Certainty
    onset: Annotated[Moment | None, msgspec.Meta(examples=["2031-05-14T09:30:00Z"])]
    expires: Annotated[Moment | None, NOT_YET]
    instruction: Annotated[str | None, msgspec.Meta(examples=["First: somebody stays with them."])]
    raised_by: PersonId | None
    raised_through: Through
    raised_with: Annotated[RaisedWith | None, NOT_YET]
    claimed_by: Annotated[PersonId | None, NOT_YET]
    pressed_by: list[PersonId]
    sent: Moment
    state: Annotated[State, msgspec.Meta(examples=["open"])]
    owner: PersonId | None
    next_step_at: Moment | None
    owner_asked_at: Annotated[Moment | None, NOT_YET]
    paused_until: Annotated[Moment | None, NOT_YET]
    stood_down_by: Annotated[PersonId | None, NOT_YET]
    stood_down_at: Annotated[Moment | None, NOT_YET]
    stand_down_reason: Annotated[StandDownReason | None, NOT_YET]
    agencies: list[AgencyInAlert]
    recipients: list[RecipientAnswer]
    deliveries: list[DeliveryAnswer]
    conversations: list[ConversationAnswer]
    emergency_calls: list[EmergencyCallAnswer]
    police: Annotated[Police | None, msgspec.Meta(examples=["asked"])]
    cards: list[DeskCardAnswer]
    people: dict[PersonId, NameOfPerson]

    @classmethod
    def of(cls, view: AlertView, language: str = "en") -> Self:
        """Return an alert as it is sent to somebody who reads this language."""
        alert = view.alert
        instruction = instruction_of(alert.event, alert.status)
        return cls(
            id=alert.id,
            codename=view.codename,
            case=alert.case_id,
            compartment=alert.compartment_id,
            status=alert.status,
            event=alert.event,
            category=CATEGORY_OF_EVENT[alert.event],
            response_type=RESPONSE_TO_EVENT[alert.event],
            urgency=urgency_of(alert.event),
            severity=alert.severity,
            first_severity=alert.first_severity,
            certainty=alert.certainty,
            first_certainty=first_certainty(alert),
            onset=onset_of(alert),
            expires=expires_of(alert),
            instruction=None if instruction is None else render(instruction, language),
            raised_by=alert.raised_by,
            raised_through=alert.raised_through,
            raised_with=None if alert.device is None else RaisedWith.of(alert.device),
            claimed_by=alert.claimed_by,
            pressed_by=in_order(alert.raiser_ids),
            sent=alert.sent,
            state=alert.state,
            owner=alert.owner_id,
            next_step_at=alert.next_step_at,
            owner_asked_at=alert.owner_asked_at,
            paused_until=paused_until(alert),
            stood_down_by=alert.stood_down_by,
            stood_down_at=alert.stood_down_at,
            stand_down_reason=alert.stand_down_reason,
            agencies=[AgencyInAlert.of(each) for each in alert.agencies],
            recipients=[RecipientAnswer.of(each) for each in alert.recipients],
            deliveries=[DeliveryAnswer.of(each) for each in view.deliveries],
            conversations=[ConversationAnswer.of(each) for each in alert.conversations],
            emergency_calls=[EmergencyCallAnswer.of(each) for each in alert.emergency_calls],
            police=alert.police,
            cards=[DeskCardAnswer.of(each) for each in view.cards],
            people={each.id: each.name for each in view.people},
        )


class AlertsAnswer(Wire, frozen=True, kw_only=True):
    """The alerts that the asker may see, newest first."""

    alerts: list[AlertAnswer]

    @classmethod
    def of(cls, views: Iterable[AlertView], language: str) -> Self:
        """Return alerts as they are sent to somebody who reads this language."""
        return cls(alerts=[AlertAnswer.of(each, language) for each in views])
