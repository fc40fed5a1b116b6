"""Alerts in the words of `alerts.vocabulary`, and how their state may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NewType
from uuid import UUID

from agencies.model import AgencyId, PersonId, RaisingDevice
from alerts.police.emergency import EmergencyCall, Police, PoliceQuestion, police
from alerts.vocabulary import Certainty, Event, Severity, StandDownReason, Status, Through
from cases.model import CaseId, CompartmentId, Part
from core.errors import Conflict
from core.texts import mark

AlertId = NewType("AlertId", UUID)

# So long nobody asks whoever has accepted; then they are asked, and have so long to answer.
OWNED = timedelta(minutes=30)
OWNER_ANSWERS_WITHIN = timedelta(minutes=10)


class State(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    UNANSWERED = "unanswered"
    STOOD_DOWN = "stood_down"


class Step(StrEnum):
    """What changes an alert's state."""

    ALL_ACCEPTED = "all_accepted"
    GAVE_UP_CALLING = "gave_up_calling"
    RAISED_AGAIN = "raised_again"
    STAND_DOWN = "stand_down"
    OWNER_ASKED = "owner_asked"
    OWNER_CONFIRMED = "owner_confirmed"
    OWNER_SILENT = "owner_silent"
    OWNER_GONE = "owner_gone"
    HANDED_OVER = "handed_over"


TRANSITIONS: dict[tuple[State, Step], State] = {
    (State.OPEN, Step.ALL_ACCEPTED): State.ACCEPTED,
    (State.OPEN, Step.GAVE_UP_CALLING): State.UNANSWERED,
    (State.OPEN, Step.RAISED_AGAIN): State.OPEN,
    (State.OPEN, Step.STAND_DOWN): State.STOOD_DOWN,
    (State.OPEN, Step.HANDED_OVER): State.OPEN,
    (State.ACCEPTED, Step.RAISED_AGAIN): State.OPEN,
    (State.ACCEPTED, Step.STAND_DOWN): State.STOOD_DOWN,
    (State.ACCEPTED, Step.OWNER_ASKED): State.ACCEPTED,
    (State.ACCEPTED, Step.OWNER_CONFIRMED): State.ACCEPTED,
    (State.ACCEPTED, Step.OWNER_SILENT): State.OPEN,
    (State.ACCEPTED, Step.OWNER_GONE): State.OPEN,
    (State.ACCEPTED, Step.HANDED_OVER): State.ACCEPTED,
    (State.UNANSWERED, Step.ALL_ACCEPTED): State.ACCEPTED,
    (State.UNANSWERED, Step.GAVE_UP_CALLING): State.UNANSWERED,
    (State.UNANSWERED, Step.RAISED_AGAIN): State.OPEN,
    (State.UNANSWERED, Step.STAND_DOWN): State.STOOD_DOWN,
    (State.UNANSWERED, Step.HANDED_OVER): State.UNANSWERED,
}


def after(state: State, step: Step) -> State:
    """Return the state that follows, or say that the alert has ended."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise Conflict(mark("This alert has already been answered or ended. Look again.")) from None


class Tier(IntEnum):
    """Who is called, in order: leaders of the case, duty desks, deputies of silent desks, the compartment."""

    LEADERS = 1
    DESKS = 2
    DEPUTIES = 3
    COMPARTMENT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyAnswer:
    """One agency's part in an alert, and who accepted for it."""

    agency_id: AgencyId
    part: Part
    acknowledged_by: PersonId | None = None
    acknowledged_at: datetime | None = None

    @property
    def silent(self) -> bool:
        """Whether this agency must still accept."""
        return self.part is Part.RESPONDER and self.acknowledged_by is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A person who was called for an agency, and may act on the alert because of it."""

    person_id: PersonId
    agency_id: AgencyId
    tier: Tier
    acknowledged_at: datetime | None = None
    by_telephone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """That somebody who was called accepted: the proof that calling works. A drill proves it too."""

    status: Status
    called_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """A raise that became part of an alert; without a person where none could be verified, or a device is nobody's.

    `claimed_by` is whose telephone it seems to come from: who that is, is known, and whether it is true is not.
    Of many that stand alike, an alert from the database holds the newest: somebody may press ten thousand times.
    """

    person_id: PersonId | None
    at: datetime
    cancelled_at: datetime | None = None
    device: RaisingDevice | None = None
    claimed_by: PersonId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """That somebody says they spoke with somebody about an alert. It counts as nothing else."""

    spoken_by: PersonId
    spoken_with: PersonId
    spoken_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A call for action now. `id` is CAP's identifier and the key of the raise that opened it.

    `sent`, `raised_by` and `first_severity` are the first raise's for ever. `ladder` counts how often calling
    began, and `step` is the rung of the present ladder, which began at `ladder_began_at`: with a press, or later than
    the press at `cause_at` because its owner saw to it no more. An accepted alert has no ladder: its next step is the
    question to its owner, and once that was asked (`owner_asked_at`) the end of the wait for an answer.
    `exclusions_heeded` is how many people were excluded from the case when the present wave was called. `device` is
    what it was first raised with, where that was a device that can only raise. `kept_from` may know nothing of it.
    `to_take_over` tells that somebody whose shift has ended answers for it still.
    """

    id: AlertId
    case_id: CaseId
    compartment_id: CompartmentId
    status: Status
    event: Event
    severity: Severity
    first_severity: Severity
    certainty: Certainty
    raised_by: PersonId | None
    raised_through: Through
    sent: datetime
    state: State
    owner_id: PersonId | None
    ladder: int
    ladder_began_at: datetime
    step: int
    next_step_at: datetime | None
    cause_at: datetime | None = None
    owner_asked_at: datetime | None = None
    cancel_asked_at: datetime | None = None
    exclusions_heeded: int = 0
    stood_down_by: PersonId | None = None
    stood_down_at: datetime | None = None
    stand_down_reason: StandDownReason | None = None
    agencies: tuple[AgencyAnswer, ...] = ()
    recipients: tuple[Recipient, ...] = ()
    presses: tuple[Press, ...] = ()
    conversations: tuple[Conversation, ...] = ()
    device: RaisingDevice | None = None
    emergency_calls: tuple[EmergencyCall, ...] = ()
    police_question: PoliceQuestion | None = None
    duress_of: PersonId | None = None
    kept_from: frozenset[PersonId] = frozenset()
    to_take_over: bool = False

    @property
    def for_duress(self) -> bool:
        """Whether it is said to people alone, and kept from who raised it."""
        return self.duress_of is not None

    @property
    def ended(self) -> bool:
        """Whether the alert was stood down."""
        return self.state is State.STOOD_DOWN

    @property
    def silent_agencies(self) -> frozenset[AgencyId]:
        """The responders that have not accepted."""
        return frozenset(each.agency_id for each in self.agencies if each.silent)

    def with_parts(self, parts: Mapping[AgencyId, Part]) -> Alert:
        """Return the alert with the agencies as they stand in the case now; no responder is let off."""
        answers = {each.agency_id: each for each in self.agencies}
        for agency_id, part in parts.items():
            known = answers.get(agency_id)
            if known is None:
                answers[agency_id] = AgencyAnswer(agency_id=agency_id, part=part)
            elif part is Part.RESPONDER:
                answers[agency_id] = replace(known, part=part)
        return replace(self, agencies=tuple(answers[each] for each in sorted(answers)))

    def with_recipients(self, called: Iterable[Recipient]) -> Alert:
        """Return the alert with more people called; whoever was called for an agency before stays as they were."""
        recipients = {(each.person_id, each.agency_id): each for each in self.recipients}
        for each in called:
            recipients.setdefault((each.person_id, each.agency_id), each)
        return replace(
            self, recipients=tuple(sorted(recipients.values(), key=lambda each: (each.tier, each.person_id)))
        )

    def acknowledged(self, by: PersonId, at: datetime, *, by_telephone: bool = False) -> Alert:
        """Return the alert as it is once this person has accepted, for every agency called for.

        Who accepted first owns it. When every responder has accepted only the owner is asked, after a while.
        """
        mine = {each.agency_id for each in self.called(by) if each.acknowledged_at is None}
        answered = replace(
            self,
            owner_id=self.owner_id or by,
            recipients=tuple(
                replace(each, acknowledged_at=at, by_telephone=by_telephone)
                if each.person_id == by and each.acknowledged_at is None
                else each
                for each in self.recipients
            ),
            agencies=tuple(
                replace(each, acknowledged_by=by, acknowledged_at=at)
                if each.agency_id in mine and each.acknowledged_by is None
                else each
                for each in self.agencies
            ),
        )
        if answered.silent_agencies or answered.state is State.ACCEPTED:
            return answered
        return replace(answered, state=after(answered.state, Step.ALL_ACCEPTED), next_step_at=at + OWNED)

    def asking_owner(self, at: datetime) -> Alert:
        """Return the alert as it is once its owner was asked whether they still see to it."""
        until = at + OWNER_ANSWERS_WITHIN
        return replace(self, state=after(self.state, Step.OWNER_ASKED), owner_asked_at=at, next_step_at=until)

    def confirmed_by_owner(self, at: datetime) -> Alert:
        """Return the alert as it is once its owner has said that they still see to it."""
        state = after(self.state, Step.OWNER_CONFIRMED)
        return replace(self, state=state, owner_asked_at=None, next_step_at=at + OWNED)

    def reopened(self, why: Step, at: datetime) -> Alert:
        """Return the alert without its owner: everybody is to be called as at first, and may accept anew."""
        return replace(
            self,
            state=after(self.state, why),
            owner_id=None,
            owner_asked_at=None,
            ladder=self.ladder + 1,
            ladder_began_at=at,
            cause_at=self.cause.at,
            step=0,
            cancel_asked_at=None,
            agencies=tuple(replace(each, acknowledged_by=None, acknowledged_at=None) for each in self.agencies),
            recipients=tuple(replace(each, acknowledged_at=None, by_telephone=False) for each in self.recipients),
        )

    def handed_over(self, leaving: PersonId, to: PersonId, at: datetime) -> Alert:
        """Return the alert as it is once somebody who was called answers for it in place of another.

        What was the one's is the other's; and for every agency that the one had accepted for and the other was called
        for, the other stands. A new owner of an accepted alert is asked after a while, like one who just accepted.
        """
        mine = {each.agency_id for each in self.called(to)}
        owned = self.owner_id == leaving
        state = after(self.state, Step.HANDED_OVER)
        return replace(
            self,
            state=state,
            owner_id=to if owned else self.owner_id,
            owner_asked_at=None if owned else self.owner_asked_at,
            next_step_at=at + OWNED if owned and state is State.ACCEPTED else self.next_step_at,
            agencies=tuple(
                replace(each, acknowledged_by=to, acknowledged_at=at)
                if each.acknowledged_by == leaving and each.agency_id in mine
                else each
                for each in self.agencies
            ),
        )

    def answers_for_it(self, person_id: PersonId) -> bool:
        """Whether this person owns it, or is who accepted for an agency."""
        return self.owner_id == person_id or any(each.acknowledged_by == person_id for each in self.agencies)

    def awaits_owner(self, person_id: PersonId) -> bool:
        """Whether this person owns it and was asked whether they still see to it."""
        return self.owner_id == person_id and self.owner_asked_at is not None

    def awaits(self, person_id: PersonId) -> bool:
        """Whether this person's acceptance is waited for, the first or the owner's further one."""
        return not self.has_acknowledged(person_id) or self.awaits_owner(person_id)

    @property
    def raiser_ids(self) -> frozenset[PersonId]:
        """Everybody who pressed: none of them is called, and none ends the alert while others were called."""
        return frozenset(each.person_id for each in self.presses if each.person_id is not None)

    @property
    def seems_to_hide(self) -> frozenset[PersonId]:
        """Everybody who pressed and has not taken it back, also those of whom only a telephone's number says so."""
        return frozenset(
            each for press in self.presses if press.cancelled_at is None
            for each in (press.person_id, press.claimed_by) if each is not None
        )  # fmt: skip

    @property
    def claimed_by(self) -> PersonId | None:
        """Whose telephone it seems to have been raised from, where nobody is known to have raised it."""
        claims = [each.claimed_by for each in self.presses if each.claimed_by is not None]
        return claims[0] if claims and self.raised_by is None else None

    @property
    def cause(self) -> Press:
        """The press that is answered: it began the present ladder, or one that began anew since."""
        began_at = self.cause_at or self.ladder_began_at
        return next(each for each in reversed(self.presses) if each.at == began_at)

    @property
    def police(self) -> Police | None:
        """What is known of whether the police was called since the press that is answered."""
        extreme = self.severity is Severity.EXTREME
        return police(self.emergency_calls, self.police_question, self.cause.at, extreme=extreme)

    @property
    def answered(self) -> frozenset[tuple[PersonId, AgencyId]]:
        """Who has accepted, each with the agency accepted for."""
        return frozenset((each.person_id, each.agency_id) for each in self.recipients if each.acknowledged_at)

    def still_called(self, able: frozenset[PersonId]) -> frozenset[PersonId]:
        """Those who were called, of the people who can hear and act now."""
        return able & {each.person_id for each in self.recipients}

    def others_called(self, able: frozenset[PersonId]) -> bool:
        """Whether anybody able was called who did not press. Where all pressed, they may answer each other."""
        return not self.still_called(able) <= self.raiser_ids

    def pauses(self, person_id: PersonId) -> bool:
        """Whether this raiser's word that it is over pauses the ladder, which it does once.

        It is the word of who began the ladder, or the last who pressed in it: nobody silences somebody else's call.
        """
        if self.state is State.ACCEPTED or self.next_step_at is None or self.cancel_asked_at is not None:
            return False
        cause = self.cause
        standing = {each.person_id for each in self.presses if each.at >= cause.at and each.cancelled_at is None}
        return cause.person_id == person_id or standing <= {person_id}

    def begins_anew(self, press: Alert) -> bool:
        """Whether a further press must be answered anew.

        So it is when it is worse than what was answered, when nobody is being called any more, when the raiser had
        taken it back, and when it confirms what could not be verified and is as bad.
        """
        as_bad = press.severity is self.severity
        confirms = as_bad and self.certainty is Certainty.UNKNOWN and press.certainty is Certainty.OBSERVED
        standing = self.state is State.OPEN and self.cancel_asked_at is None
        return not standing or confirms or press.severity.rank > self.severity.rank

    @property
    def people(self) -> frozenset[PersonId]:
        """Everybody who takes part: who raised it, was called, accepted or ended it."""
        named = {self.raised_by, self.owner_id, self.stood_down_by, *(each.person_id for each in self.recipients)}
        named |= {person for each in self.emergency_calls for person in (each.said_by, each.called_by)}
        spoke = {person for each in self.conversations for person in (each.spoken_by, each.spoken_with)}
        named |= {each.claimed_by for each in self.presses}
        return frozenset(each for each in named if each is not None) | self.raiser_ids | spoke

    def called(self, person_id: PersonId) -> tuple[Recipient, ...]:
        """Return this person's recipient rows, one for each agency answered for."""
        return tuple(each for each in self.recipients if each.person_id == person_id)

    def has_acknowledged(self, person_id: PersonId) -> bool:
        """Whether this person accepted the alert."""
        return any(each.acknowledged_at for each in self.called(person_id))

    def may_acknowledge(self, person_id: PersonId) -> bool:
        """Whether this person was called for an agency and has not answered for it."""
        return any(each.acknowledged_at is None for each in self.called(person_id))
