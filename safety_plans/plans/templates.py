"""Plans to begin with: every field is there, and what helps in most cases is written in. Nobody has agreed to it yet.

Its words are a beginning that is changed, in the language in which the plan is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from core.texts import mark, render
from safety_plans.plans.model import Evacuation, EvacuationMode, OrganisationPlan, Plan, StaffPlan, VictimPlan
from safety_plans.plans.parts import Contingency, Domain, Measure, Purpose


def template(kind: str, language: str) -> Plan:
    """Return a plan of a kind (`model.KINDS`) to begin with, in one of the languages of the catalogues."""

    def say(words: str) -> str:
        return render(words, language)

    return _TEMPLATES[kind](say)


def _measures(say: Callable[[str], str], *proposed: tuple[str, Domain, Purpose]) -> tuple[Measure, ...]:
    return tuple(
        Measure(id=f"M{number:02}", what=say(what), domain=domain, purpose=purpose)
        for number, (what, domain, purpose) in enumerate(proposed, 1)
    )


def _victim(say: Callable[[str], str]) -> VictimPlan:
    return VictimPlan(
        measures=_measures(
            say,
            (mark("Telephones and accounts are looked at, and passwords changed."), Domain.DIGITAL, Purpose.PREVENT),
            (mark("Ways and times of leaving the house are varied."), Domain.MOVEMENT, Purpose.PREVENT),
            (mark("The way home from every date is agreed before it."), Domain.MOVEMENT, Purpose.PREVENT),
            (mark("School and relatives know who may fetch the children."), Domain.CHILDREN_FAMILY, Purpose.PREVENT),
            (mark("A bag with papers, medication and money is packed."), Domain.PHYSICAL, Purpose.RESPOND),
        ),
        contingencies=(
            Contingency(
                scenario=say(mark("Somebody unknown is at the door")),
                domain=Domain.PHYSICAL,
                sign=say(mark("The bell rings, and nobody is expected.")),
                first_minute=(
                    say(mark("Do not open, and do not answer.")),
                    say(mark("Go to a room that can be locked.")),
                    say(mark("Ring 192.")),
                ),
                call=("192", say(mark("The contact person"))),
            ),
            Contingency(
                scenario=say(mark("Followed in the street")),
                domain=Domain.MOVEMENT,
                sign=say(mark("The same person or car twice on one way.")),
                first_minute=(
                    say(mark("Do not go home. Go where there are people.")),
                    say(mark("Ring 192, say where you are.")),
                ),
                call=("192", say(mark("The contact person"))),
            ),
            Contingency(
                scenario=say(mark("They write or ring")),
                domain=Domain.SOCIAL_CONTACTS,
                sign=say(mark("A message or a call from them, their family or their lawyer.")),
                first_minute=(
                    say(mark("Do not answer, and delete nothing.")),
                    say(mark("Tell the contact person the same day.")),
                ),
                call=(say(mark("The contact person")),),
            ),
        ),
    )


def _organisation(say: Callable[[str], str]) -> OrganisationPlan:
    return OrganisationPlan(
        measures=_measures(
            say,
            (mark("Visitors are let in by appointment, and written down."), Domain.PHYSICAL, Purpose.PREVENT),
            (mark("Nobody goes to the field or stays in the evening alone."), Domain.MOVEMENT, Purpose.PREVENT),
            (mark("The emergency plan is rehearsed twice a year."), Domain.PHYSICAL, Purpose.RESPOND),
            (mark("Everybody has supervision once a month."), Domain.PSYCHOLOGICAL, Purpose.RECOVER),
        ),
        contingencies=(
            Contingency(
                scenario=say(mark("A threat at the house")),
                domain=Domain.PHYSICAL,
                sign=say(mark("Somebody threatens, waits outside, or asks for a person by name.")),
                first_minute=(
                    say(mark("Lock the door, and let nobody out.")),
                    say(mark("Raise the alarm, and ring 192.")),
                ),
                call=("192", say(mark("The security officer"))),
            ),
        ),
        evacuation=(
            Evacuation(
                mode=EvacuationMode.RELOCATE,
                sign=say(mark("The address has become known.")),
                steps=(say(mark("The security officer decides, and everybody moves the same day.")),),
            ),
        ),
    )


def _staff(say: Callable[[str], str]) -> StaffPlan:
    return StaffPlan(
        measures=_measures(
            say,
            (mark("Nobody goes to court or escorts alone."), Domain.MOVEMENT, Purpose.PREVENT),
            (mark("Names of staff are left out of documents where the law allows."), Domain.LEGAL, Purpose.PREVENT),
            (mark("There is a talk within two days after every hard date."), Domain.PSYCHOLOGICAL, Purpose.RECOVER),
        ),
        contingencies=(
            Contingency(
                scenario=say(mark("A colleague is threatened or followed")),
                domain=Domain.PHYSICAL,
                sign=say(mark("A threat, or the same person or car again.")),
                first_minute=(
                    say(mark("Do not go home. Go where there are people.")),
                    say(mark("Raise the alarm, and ring 192.")),
                ),
                call=("192", say(mark("The security officer"))),
            ),
        ),
    )


_TEMPLATES: Mapping[str, Callable[[Callable[[str], str]], Plan]] = {
    "victim": _victim,
    "organisation": _organisation,
    "staff": _staff,
}
