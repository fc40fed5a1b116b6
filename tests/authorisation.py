"""Who may do what, in one small table: each rule of the API against each kind of asker.

`tests/integration/test_authorisation.py` holds the served API to it, operation by operation; for people it is
`docs/authorisation.md`, which `python -m tests.authorisation` writes from this table and the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

from server.api.access import Access
from tests.described import described

PAGE = Path(__file__).parents[1] / "docs/authorisation.md"


class Asker(Enum):
    """Who asks, as seen from one case."""

    COORDINATOR = "the coordinator"
    IN_BROWSER = "the coordinator, in a browser"
    DEPUTY = "the deputy"
    FORMER = "who led the case before: a member, and the review's owner"
    MEMBER = "a member of the compartment"
    RAISER = "a member of the compartment, who raised the alert"
    OTHER_CIRCLE = "a member of another compartment of the case only"
    CALLED = "a duty officer who was called, without membership"
    COLLEAGUE = "a practitioner of a responding agency, without a part"
    SECURITY_OFFICER = "a security officer of a responding agency, not called yet"
    ADMINISTRATOR = "an administrator of a responding agency, without a part"
    OWN_ADMINISTRATOR = "an administrator of the agency of the person asked about, without a part"
    INFORMED = "a duty officer of an informed agency, who was told of the alert"
    INFORMED_COLLEAGUE = "a practitioner of an informed agency, without a part"
    EXCLUDED = "an excluded member"
    EXCLUDED_CALLED = "an excluded duty officer, who was called before"
    REMOVED = "a removed member"
    STRANGER = "a practitioner of another agency"
    LEFT = "a member who has left the staff"
    NOBODY = "somebody who is not signed in"
    EXPIRED = "the coordinator, whose session has ended"
    LAPSED = "the coordinator, in a browser whose session has lapsed by time"
    DEVICE = "a device of a responding agency that can only raise"
    REMOVED_DEVICE = "a device that was removed"


class Answer(Enum):
    """What the asker gets."""

    DONE = "yes"
    ASK = "told whom to ask"
    ABSENT = "no such thing"
    SIGN_IN = "sign in first"


LEADERS = {Asker.COORDINATOR, Asker.IN_BROWSER, Asker.DEPUTY}
IN_CORE = {Asker.FORMER, Asker.MEMBER, Asker.RAISER}
SEE_TO_SAFETY = {Asker.SECURITY_OFFICER, Asker.ADMINISTRATOR, Asker.OWN_ADMINISTRATOR}
TOLD = {Asker.CALLED, Asker.INFORMED}
# A device shows nothing that signs anybody in.
SIGNED_OUT = {Asker.LEFT, Asker.NOBODY, Asker.EXPIRED, Asker.LAPSED, Asker.DEVICE, Asker.REMOVED_DEVICE}
EVERYBODY = set(Asker)

DONE: dict[Access, set[Asker]] = {
    Access.ANYBODY: EVERYBODY,
    # Only by signature: tests/integration/test_telephone_forged.py.
    Access.GATEWAY: set(),
    Access.STAFF: EVERYBODY - SIGNED_OUT,
    Access.STAFF_WITH_KEY: EVERYBODY - SIGNED_OUT - {Asker.IN_BROWSER},
    Access.PART_IN_CASE: LEADERS | IN_CORE | {Asker.OTHER_CIRCLE},
    Access.LEADS_CASE: LEADERS,
    Access.IN_CORE: LEADERS | IN_CORE,
    Access.PART_IN_COMPARTMENT: LEADERS | IN_CORE,
    Access.LEADS_COMPARTMENT: LEADERS,
    Access.SEES_ALERT: LEADERS | IN_CORE | TOLD,
    Access.CALLED: LEADERS | TOLD,
    # Of these only the called officer sits at a desk that has a card.
    Access.GIVEN_CARD: {Asker.CALLED},
    Access.RUNG: {Asker.CALLED, Asker.EXCLUDED_CALLED, Asker.SECURITY_OFFICER},
    Access.OF_DESK: {Asker.CALLED, Asker.EXCLUDED_CALLED, Asker.SECURITY_OFFICER},
    Access.CALLED_OR_RAISED: LEADERS | TOLD | {Asker.RAISER},
    Access.CONFIRMS_DEVICE: {Asker.OWN_ADMINISTRATOR},
    Access.ADMINISTERS: {Asker.ADMINISTRATOR},
    Access.ADMINISTRATOR: {Asker.ADMINISTRATOR, Asker.OWN_ADMINISTRATOR},
    Access.IN_VAULT: LEADERS | IN_CORE,
    Access.LEADS_IN_VAULT: LEADERS,
    Access.ENDS_LINK: {Asker.OWN_ADMINISTRATOR},
    Access.KEEPS_REVIEW: LEADERS | {Asker.FORMER},
    Access.KEEPS_CLOCK: LEADERS,
    Access.LEADS_OPERATION: LEADERS,
    Access.HAS_PART: LEADERS | {Asker.MEMBER, Asker.RAISER},
    Access.SEES_TO_SAFETY: SEE_TO_SAFETY,
    Access.DEVICE: {Asker.DEVICE},
    Access.OWNS_PASSKEY: {Asker.COORDINATOR, Asker.IN_BROWSER},
}
# What no session opens, or not this one.
OF_OTHERS = {Access.STAFF_WITH_KEY, Access.DEVICE, Access.GATEWAY}
# Whoever knows of the thing and may not do this.
ASK: dict[Access, set[Asker]] = {
    Access.LEADS_CASE: IN_CORE | {Asker.OTHER_CIRCLE},
    Access.LEADS_COMPARTMENT: IN_CORE,
    Access.ADMINISTRATOR: EVERYBODY - SIGNED_OUT - {Asker.ADMINISTRATOR, Asker.OWN_ADMINISTRATOR},
    Access.KEEPS_REVIEW: {Asker.MEMBER, Asker.RAISER},
    Access.KEEPS_CLOCK: IN_CORE,
    Access.LEADS_OPERATION: IN_CORE,
    Access.HAS_PART: {Asker.FORMER},
    Access.SEES_TO_SAFETY: EVERYBODY
    - SIGNED_OUT
    - {Asker.SECURITY_OFFICER, Asker.ADMINISTRATOR, Asker.OWN_ADMINISTRATOR},
}


def answer(access: Access, asker: Asker) -> Answer:
    """Return what a rule gives an asker whose session is not lapsed, or may not be."""
    if asker in DONE[access]:
        return Answer.DONE
    if asker in SIGNED_OUT or access in OF_OTHERS:
        return Answer.SIGN_IN
    return Answer.ASK if asker in ASK.get(access, set()) else Answer.ABSENT


def answer_of(operation: Mapping[str, Any], asker: Asker) -> Answer:
    """Return what an operation of the document gives an asker."""
    access = Access[operation["x-streha-access"]["rule"].upper()]
    if asker is Asker.LAPSED and operation["x-streha-lapsed"]:
        return answer(access, Asker.IN_BROWSER)
    return answer(access, asker)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give method, path and operation of everything in the document."""
    for path, methods in described()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def page() -> str:
    """Return the table for people."""
    rules = [each for each in Access if any(_rule(operation) is each for *_, operation in operations())]
    lines = [
        "# Who may do what",
        "",
        "Written by `python -m tests.authorisation` from the rules of the route table; `make test` holds the served",
        "API to every line of it. An agency's role (practitioner, security officer, administrator) opens nothing by",
        "itself, except that administrators decide which Matrix device is whose, and see how soon their agency answers",
        "exercises.",
        "",
        "Whoever may not know of a thing gets *no such thing*, exactly as where there is none: the same words, the",
        "same headers, after the same time. Each rule and what it holds for stands below the table.",
        "",
    ]
    lines += _table(rules)
    for rule in rules:
        lines += ["", f"## {_title(rule)}", rule.value, "", *_operations(rule)]
    return "\n".join(lines) + "\n"


def _table(rules: Sequence[Access]) -> Iterator[str]:
    yield f"| who asks | {' | '.join(_title(each) for each in rules)} |"
    yield "|---" * (len(rules) + 1) + "|"
    for asker in Asker:
        yield f"| {asker.value} | {' | '.join(answer(each, asker).value for each in rules)} |"


def _operations(rule: Access) -> Iterator[str]:
    for method, path, operation in operations():
        if _rule(operation) is rule:
            lapsed = " From a lapsed browser session too." if operation["x-streha-lapsed"] else ""
            yield f"- `{method} {path}`: {operation['summary']}.{lapsed}"


def _rule(operation: Mapping[str, Any]) -> Access:
    return Access[operation["x-streha-access"]["rule"].upper()]


def _title(rule: Access) -> str:
    return rule.name.replace("_", " ").capitalize()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
