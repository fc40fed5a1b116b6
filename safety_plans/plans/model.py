"""The three plans: for the person who is protected, for an organisation that helps, for its staff in one case.

They are sealed records: the server learns owners and deadlines of measures, so that it can remind, and nothing else.
"""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated

import msgspec

from safety_plans.forms import Line, Part, PersonRef, Text
from safety_plans.plans.parts import (
    Consent,
    Contingency,
    Ending,
    Few,
    Measure,
    RecordRef,
    Referral,
    Signature,
    Status,
)

Alias = Annotated[str, msgspec.Meta(max_length=60)]


class Answer(StrEnum):
    """What the person who is protected says to the plan."""

    AGREED = "agreed"
    PARTLY = "partly"
    DECLINED = "declined"
    UNABLE = "unable"


class Assent(StrEnum):
    """What a child says to it."""

    GIVEN = "given"
    REFUSED = "refused"
    TOO_YOUNG = "too_young"


class GuardianConflict(StrEnum):
    """Whether the guardian's interests were looked at; a guardian is not trusted by default."""

    NOT_CHECKED = "not_checked"
    NONE_FOUND = "none_found"
    POSSIBLE = "possible"
    CONFLICT = "conflict"


class Child(Part, frozen=True, kw_only=True):
    """What is asked besides where the person is a child."""

    assent: Assent
    guardian_conflict: GuardianConflict = GuardianConflict.NOT_CHECKED
    checked_by: Text = ""


class Agreement(Part, frozen=True, kw_only=True):
    """Whether the person agrees, how that was asked, and when."""

    answer: Answer
    on: dt.date
    how: Line
    interpreter: Text = ""


class SafeContact(Part, frozen=True, kw_only=True):
    """How to reach the person without harm."""

    channel: Line
    hours: Line
    who_may_answer: Few = ()
    never_say: Few = ()
    code_word: Text = ""


class Trusted(Part, frozen=True, kw_only=True):
    """Somebody whom the person trusts. A guardian is trusted for a reason that is written down, or not at all."""

    name: Line
    relation: Line
    reach: Text = ""
    guardian: bool = False
    why: Text = ""


class NotToContact(Part, frozen=True, kw_only=True):
    """Somebody who must hear nothing."""

    name: Line
    why: Line


class Held(Part, frozen=True, kw_only=True):
    """Something that matters, and who has it: medication, a document."""

    what: Line
    held_by: Line


class Household(Part, frozen=True, kw_only=True):
    """A child or somebody else who is with the person."""

    who: Line
    needs: Text = ""


class Court(Part, frozen=True, kw_only=True):
    """The next day at court, and how the way home and the weeks after it are seen to."""

    next_date: dt.date | None = None
    way_home: Text = ""
    month_after: Text = ""


class _Plan(Part, frozen=True, kw_only=True):
    """What all three have."""

    status: Status = Status.DRAFT
    measures: Annotated[tuple[Measure, ...], msgspec.Meta(max_length=200)] = ()
    contingencies: Annotated[tuple[Contingency, ...], msgspec.Meta(max_length=50)] = ()
    signatories: Annotated[tuple[Signature, ...], msgspec.Meta(max_length=20)] = ()
    ended: Ending | None = None


class VictimPlan(_Plan, frozen=True, kw_only=True, tag_field="plan", tag="victim"):
    """The plan for the person who is protected. `assessment` is the record of the assessment that it answers."""

    agreement: Agreement | None = None
    child: Child | None = None
    assessment: RecordRef | None = None
    warning_signs: Few = ()
    safe_contact: SafeContact | None = None
    trusted: Annotated[tuple[Trusted, ...], msgspec.Meta(max_length=30)] = ()
    must_not_contact: Annotated[tuple[NotToContact, ...], msgspec.Meta(max_length=50)] = ()
    household: Annotated[tuple[Household, ...], msgspec.Meta(max_length=30)] = ()
    medication: Annotated[tuple[Held, ...], msgspec.Meta(max_length=30)] = ()
    documents: Annotated[tuple[Held, ...], msgspec.Meta(max_length=30)] = ()
    shelter: Alias = ""
    court: Court = Court()
    consents: Annotated[tuple[Consent, ...], msgspec.Meta(max_length=100)] = ()
    referrals: Annotated[tuple[Referral, ...], msgspec.Meta(max_length=50)] = ()


class EvacuationMode(StrEnum):
    """What the organisation does when it must give way."""

    SUSPEND = "suspend"
    HIBERNATE = "hibernate"
    RELOCATE = "relocate"
    EVACUATE = "evacuate"


class Evacuation(Part, frozen=True, kw_only=True):
    """When an organisation gives way, and how."""

    mode: EvacuationMode
    sign: Line
    steps: Few


class OrganisationPlan(_Plan, frozen=True, kw_only=True, tag_field="plan", tag="organisation"):
    """The plan for an organisation that helps: its staff, house and work. It follows its worst open case."""

    focal_point: PersonRef | None = None
    deputy: PersonRef | None = None
    duty_roster: Text = ""
    crisis_team: Few = ()
    police_liaison: Text = ""
    premises: Text = ""
    communications_tree: Few = ()
    reporting: Text = ""
    travel: Text = ""
    devices: Text = ""
    legal_harassment: Text = ""
    media: Text = ""
    stop_work: Text = ""
    staff_care: Text = ""
    last_drill: dt.date | None = None
    evacuation: Annotated[tuple[Evacuation, ...], msgspec.Meta(max_length=10)] = ()


class Objection(Part, frozen=True, kw_only=True):
    """That a member of staff does not agree with what is written about them, and what was answered."""

    on: dt.date
    why: Line
    answer: Text = ""


class Exposed(Part, frozen=True, kw_only=True):
    """One member of staff in one case, who may read this entry and object to it."""

    person: PersonRef
    how: Line
    recognised_by: Text = ""
    lone_work: bool = False
    anonymised: bool = False
    route_home: Text = ""
    debriefing_due: dt.date | None = None
    objection: Objection | None = None


class StaffPlan(_Plan, frozen=True, kw_only=True, tag_field="plan", tag="staff"):
    """The plan for those of an organisation who work on one case."""

    staff: Annotated[tuple[Exposed, ...], msgspec.Meta(max_length=50)] = ()


Plan = VictimPlan | OrganisationPlan | StaffPlan
KINDS: dict[str, type[Plan]] = {"victim": VictimPlan, "organisation": OrganisationPlan, "staff": StaffPlan}
