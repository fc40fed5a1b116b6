"""The board over the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self

import msgspec

from agencies.duty_ring import DutyRing, RingState
from agencies.model import AgencyId, DeskId, DutyDesk, PersonId
from agencies.roster import Interval
from alerts.model import Accepted
from alerts.proof.rules import Proof
from alerts.vocabulary import Status
from cases.model import Compartment, CompartmentId
from core.settings import Settings
from server.api.wire import Codename, Moment, NameOfAgency, NameOfPerson, Wire
from server.api.wire.alerts import AlertAnswer
from server.api.wire.directory import PersonAnswer
from server.api.wire.reviews import ReviewAnswer
from server.api.wire.rung import RungAnswer
from server.board import BoardView


class GapAnswer(Wire, frozen=True, kw_only=True):
    """When nobody is on duty who should be, neither at the desk nor at the one that covers for it."""

    begins_at: Moment
    ends_at: Moment

    @classmethod
    def of(cls, gap: Interval) -> Self:
        """Return a gap as it is sent."""
        return cls(begins_at=gap.begins_at, ends_at=gap.ends_at)


class DutyRingAnswer(Wire, frozen=True, kw_only=True):
    """The test ring of a shift that has not ended: of a person, or without one of whoever sits there.

    `state` is `ringing`, `deputies` (not answered, the deputies are asked), `answered`, `stood_in` (a deputy has the
    shift) or `unanswered` (nobody has answered). Whoever stands in is rung by alerts beside whoever has the shift.
    """

    person: PersonId | None
    shift_begins_at: Moment
    shift_ends_at: Moment
    rung_at: Moment
    state: RingState
    answered_by: PersonId | None
    answered_at: Moment | None
    standing_in: list[PersonId]

    @classmethod
    def of(cls, ring: DutyRing, standing_in: Sequence[PersonId]) -> Self:
        """Return a ring as it is sent."""
        return cls(
            person=ring.person_id,
            shift_begins_at=ring.shift_begins_at,
            shift_ends_at=ring.shift_ends_at,
            rung_at=ring.rung_at,
            state=ring.state,
            answered_by=ring.answered_by,
            answered_at=ring.answered_at,
            standing_in=list(standing_in),
        )


class DutyAnswer(Wire, frozen=True, kw_only=True):
    """A duty desk now: who sits there, and whose desk covers where nobody does. Deliveries name it by `desk`.

    `on_duty` are those whom an alert rings first now, whoever stands in included. `rings` are the test rings of shifts
    that have not ended. `next_gap` is told to the desk's own agency:
    the next hole in its roster within seven days, which may have begun.
    """

    desk: DeskId
    agency: AgencyId
    always_staffed: bool
    covered_by: AgencyId | None
    officers: list[PersonId]
    on_duty: list[PersonId]
    next_gap: GapAnswer | None
    rings: list[DutyRingAnswer]

    @classmethod
    def of(cls, desk: DutyDesk, view: BoardView) -> Self:
        """Return a duty desk as it is sent."""
        gap = view.next_gap(desk)
        return cls(
            desk=desk.id,
            agency=desk.agency_id,
            always_staffed=desk.always_staffed,
            covered_by=view.covering(desk),
            officers=[each.id for each in desk.officers],
            on_duty=[each.id for each in view.on_duty(desk)],
            next_gap=None if gap is None else GapAnswer.of(gap),
            rings=[DutyRingAnswer.of(ring, standing) for ring, standing in view.rings if ring.desk_id == desk.id],
        )


class ChannelAnswer(Wire, frozen=True, kw_only=True):
    """A channel in which an alert can be raised."""

    compartment: CompartmentId
    codename: Codename

    @classmethod
    def of(cls, compartment: Compartment) -> Self:
        """Return a channel as it is sent."""
        return cls(compartment=compartment.id, codename=compartment.codename)


class ProvenAnswer(Wire, frozen=True, kw_only=True):
    """When calling people last worked: somebody was called, and accepted."""

    status: Status
    called_at: Moment
    accepted_at: Moment

    @classmethod
    def of(cls, accepted: Accepted) -> Self:
        """Return a proof as it is sent."""
        return cls(status=accepted.status, called_at=accepted.called_at, accepted_at=accepted.at)


class ProofAnswer(Wire, frozen=True, kw_only=True):
    """What the self-test shows, which goes the way of an alert every few minutes and calls nobody.

    `proven_at` is when it last came round, `took_seconds` how long that took; both are nothing where it never did.
    `failing` tells that none did for a quarter of an hour although it was tried, `waiting_since` since when.
    """

    proven_at: Moment | None
    took_seconds: Annotated[float, msgspec.Meta(ge=0, examples=[1.4])] | None
    waiting_since: Moment | None
    failing: bool

    @classmethod
    def of(cls, proof: Proof, now: datetime) -> Self | None:
        """Return what is known as it is sent; nothing where no self-test ever began."""
        if proof.newest_at is None:
            return None
        return cls(
            proven_at=proof.proven_at,
            took_seconds=None if proof.took is None else proof.took.total_seconds(),
            waiting_since=proof.waiting_since,
            failing=proof.fails(now),
        )


class BoardAnswer(Wire, frozen=True, kw_only=True):
    """What a duty officer must see at once. Follow the live stream from `position` to keep it so.

    `people` and `agencies` name everybody of whom the other parts speak. `engine_at` and `bots_at` are when what
    escalates and what speaks in the channels last gave a sign of life. `held_since` is since when alerts from before
    call nobody, because the database was restored.
    """

    position: Annotated[int, msgspec.Meta(ge=0, examples=[4711])]
    at: Moment
    me: PersonAnswer
    police_number: Annotated[str, msgspec.Meta(examples=["192"])]
    ambulance_number: Annotated[str, msgspec.Meta(examples=["194"])]
    alerts: list[AlertAnswer]
    reviews: list[ReviewAnswer]
    duty: list[DutyAnswer]
    rung: RungAnswer
    channels: list[ChannelAnswer]
    people: dict[PersonId, NameOfPerson]
    agencies: dict[AgencyId, NameOfAgency]
    proven: ProvenAnswer | None
    proof: ProofAnswer | None
    engine_at: Moment | None
    bots_at: Moment | None
    held_since: Moment | None

    @classmethod
    def of(cls, view: BoardView, settings: Settings, language: str) -> Self:
        """Return a board as it is sent to somebody who reads this language."""
        return cls(
            position=view.position,
            at=view.at,
            me=PersonAnswer.of(view.person),
            police_number=settings.police_number,
            ambulance_number=settings.ambulance_number,
            alerts=[AlertAnswer.of(each, language) for each in view.alerts],
            reviews=[ReviewAnswer.of(each) for each in view.reviews],
            duty=[DutyAnswer.of(each, view) for each in view.desks],
            rung=RungAnswer.of(view.rung),
            channels=[ChannelAnswer.of(each) for each in view.channels],
            people=dict(view.people),
            agencies=dict(view.agencies),
            proven=None if view.proven is None else ProvenAnswer.of(view.proven),
            proof=ProofAnswer.of(view.proof, view.at),
            engine_at=view.engine_at,
            bots_at=view.bots_at,
            held_since=view.held_since,
        )
