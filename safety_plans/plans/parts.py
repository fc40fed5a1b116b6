"""What plans are made of: measures, contingencies, consents, referrals, signatures.

Every struct is the one definition of its part: what people write is read into it, and the JSON Schema (2020-12) that
other programs check against is made from it. Words follow docs/safety-plans.md, where their sources stand too.

Texts are content: they exist on people's own machines alone. `owner`, `person` and the like are ids of people.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

import msgspec

from safety_plans.forms import Line, Part, PersonRef, Text

RecordRef = PersonRef
MeasureId = Annotated[str, msgspec.Meta(pattern="^M[0-9]{2,3}$")]
Few = Annotated[tuple[Line, ...], msgspec.Meta(max_length=50)]


class Domain(StrEnum):
    """What a measure or contingency is about."""

    PHYSICAL = "physical"
    ACCOMMODATION = "accommodation"
    MOVEMENT = "movement"
    SOCIAL_CONTACTS = "social_contacts"
    DIGITAL = "digital"
    LEGAL = "legal"
    HEALTH = "health"
    PSYCHOLOGICAL = "psychological"
    ECONOMIC = "economic"
    CHILDREN_FAMILY = "children_family"


class Purpose(StrEnum):
    """What a measure is for."""

    PREVENT = "prevent"
    DETECT = "detect"
    RESPOND = "respond"
    RECOVER = "recover"


class MeasureStatus(StrEnum):
    """How far a measure is. That its deadline has passed is not written down: whoever reads it sees it."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    NOT_FEASIBLE = "not_feasible"


class Measure(Part, frozen=True, kw_only=True):
    """One thing that somebody does by a day. Only `owner` and `deadline` are told to the server, so that it reminds."""

    id: MeasureId
    what: Line
    domain: Domain
    purpose: Purpose
    owner: PersonRef | None = None
    deadline: dt.date | None = None
    status: MeasureStatus = MeasureStatus.PROPOSED
    # Why it cannot be done.
    why: Text = ""
    effect: Text = ""

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.status not in {MeasureStatus.DONE, MeasureStatus.NOT_FEASIBLE}


class Contingency(Part, frozen=True, kw_only=True):
    """If this happens, then this. `first_minute` is what is done in the first sixty seconds."""

    scenario: Line
    domain: Domain
    sign: Line
    first_minute: Few
    call: Few
    # By its alias: an address belongs in the smaller compartment.
    safe_place: Annotated[str, msgspec.Meta(max_length=60)] = ""
    stop: Text = ""


class Given(StrEnum):
    """What somebody said to a sharing."""

    GIVEN = "given"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Consent(Part, frozen=True, kw_only=True):
    """What may be shared with whom, for what and until when; or on what legal ground it is shared without."""

    what: Line
    with_whom: Line
    for_what: Line
    answer: Given
    on: dt.date
    until: dt.date | None = None
    withdrawn: dt.date | None = None
    legal_basis: Text = ""


class ReferralStatus(StrEnum):
    """How far a referral is. Until it is accepted whoever sent it stays responsible."""

    SENT = "sent"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Handed(StrEnum):
    """Whether something goes along with the person."""

    HANDED_OVER = "handed_over"
    NOT_NEEDED = "not_needed"
    MISSING = "missing"


class Checklist(Part, frozen=True, kw_only=True):
    """What must not be left behind when responsibility passes on."""

    medication: Handed = Handed.MISSING
    guardianship_order: Handed = Handed.MISSING
    documents: Handed = Handed.MISSING
    border_papers: Handed = Handed.MISSING


class Feedback(Part, frozen=True, kw_only=True):
    """What whoever referred is told of how it went, by a day."""

    to: Line
    due: dt.date
    given: dt.date | None = None


class Referral(Part, frozen=True, kw_only=True):
    """That another agency shall take something over, and by when it must say so."""

    to: Line
    what: Line
    sent: dt.date
    accept_by: dt.date
    status: ReferralStatus = ReferralStatus.SENT
    # Why it was refused, and which supervisor was told.
    why: Text = ""
    supervisor_told: Text = ""
    checklist: Checklist = Checklist()
    feedback: Feedback | None = None


class Signature(Part, frozen=True, kw_only=True):
    """That somebody stands by the plan as it is. `person` is there for staff; others sign on paper, by their name."""

    name: Line
    role: Line
    on: dt.date
    person: PersonRef | None = None


class Status(StrEnum):
    """Where a plan stands."""

    DRAFT = "draft"
    AGREED = "agreed"
    ACTIVE = "active"
    UNDER_REVIEW = "under_review"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Ground(StrEnum):
    """Why a plan ends. A verdict, a withdrawal and a denial are no grounds: danger outlives them."""

    DANGER_OVER = "danger_over"
    TAKEN_OVER = "taken_over"
    PERSONS_WISH = "persons_wish"
    DEATH = "death"


class Ending(Part, frozen=True, kw_only=True):
    """Why a plan was suspended or closed; `ground` where it was closed."""

    on: dt.date
    why: Line
    ground: Ground | None = None
