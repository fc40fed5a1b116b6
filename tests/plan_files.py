"""Plans of invented people, whole: what tests change one thing of."""

from __future__ import annotations

import datetime as dt

from safety_plans.plans.model import (
    Agreement,
    Answer,
    Court,
    Evacuation,
    EvacuationMode,
    Exposed,
    Held,
    NotToContact,
    OrganisationPlan,
    Plan,
    SafeContact,
    StaffPlan,
    Trusted,
    VictimPlan,
)
from safety_plans.plans.parts import (
    Consent,
    Contingency,
    Domain,
    Feedback,
    Given,
    Measure,
    MeasureStatus,
    Purpose,
    Referral,
    ReferralStatus,
    Signature,
)

TODAY = dt.date(2027, 3, 10)
DAY = dt.timedelta(days=1)
ONE = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
ASSESSED = "16fd2706-8baf-433b-82eb-8c7fada847da"
ASSESSED_ANEW = "6fa459ea-ee8a-4ca4-894e-db77e160355e"

MEASURES = (
    Measure(
        id="M01",
        what="The way home is agreed",
        domain=Domain.MOVEMENT,
        purpose=Purpose.PREVENT,
        owner=ONE,
        deadline=TODAY + 7 * DAY,
        status=MeasureStatus.ACCEPTED,
    ),
)
CONTINGENCIES = (
    Contingency(
        scenario="Somebody at the door",
        domain=Domain.PHYSICAL,
        sign="The bell rings",
        first_minute=("Do not open", "Ring 192"),
        call=("192", "Ana Primer"),
        safe_place="Blue house 2",
        stop="When the police is there",
    ),
)
SIGNATORIES = (
    Signature(name="Ana Primer", role="coordinator", on=TODAY, person=ONE),
    Signature(name="Mira Uzor", role="the person", on=TODAY),
)
VICTIM = VictimPlan(
    measures=MEASURES,
    contingencies=CONTINGENCIES,
    signatories=SIGNATORIES,
    agreement=Agreement(answer=Answer.AGREED, on=TODAY, how="in person", interpreter="Jana Primer"),
    assessment=ASSESSED,
    warning_signs=("The same car twice",),
    safe_contact=SafeContact(channel="text message", hours="9 to 15", never_say=("shelter",), code_word="plum"),
    trusted=(Trusted(name="Vera Uzor", relation="sister"),),
    must_not_contact=(NotToContact(name="Petar Uzor", why="he is one of them"),),
    medication=(Held(what="tablets", held_by="Ana Primer"),),
    shelter="Green",
    court=Court(next_date=TODAY + 20 * DAY, way_home="by the second door", month_after="weekly call"),
    consents=(Consent(what="health", with_whom="Clinic Primer", for_what="care", answer=Given.GIVEN, on=TODAY),),
    referrals=(
        Referral(
            to="Clinic Primer",
            what="an examination",
            sent=TODAY,
            accept_by=TODAY + DAY,
            status=ReferralStatus.ACCEPTED,
            feedback=Feedback(to="Centre Primer", due=TODAY + 30 * DAY),
        ),
    ),
)
ORGANISATION = OrganisationPlan(
    measures=MEASURES,
    contingencies=CONTINGENCIES,
    signatories=SIGNATORIES,
    focal_point=ONE,
    deputy=OTHER,
    police_liaison="the station",
    reporting="the same day",
    travel="in twos",
    devices="locked",
    stop_work="anybody",
    staff_care="monthly",
    last_drill=TODAY - 30 * DAY,
    evacuation=(Evacuation(mode=EvacuationMode.RELOCATE, sign="the address is known", steps=("move",)),),
)
STAFF = StaffPlan(
    measures=MEASURES,
    contingencies=CONTINGENCIES,
    signatories=SIGNATORIES,
    staff=(Exposed(person=ONE, how="in the courtroom", route_home="never the same way"),),
)
EVERY: dict[str, Plan] = {"victim": VICTIM, "organisation": ORGANISATION, "staff": STAFF}
