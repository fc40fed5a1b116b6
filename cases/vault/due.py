"""What a compartment's log does not say yet and ought to: pure rules over the log and the tables.

Whoever was removed, excluded or has left by the ways that need no signature is out at once. The log hears of it from a
client of somebody who may say so; until then nothing is written under a key that the person has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from agencies.model import PersonId
from agencies.trust.directory import Directory
from cases.model import Case, Compartment
from cases.trust.membership import Circle


class What(StrEnum):
    """What somebody's client is to write."""

    REMOVE = "remove"
    EXCLUDE = "exclude"
    # The deputy is there no more: the coordinator names another. The coordinator is not: the deputy succeeds.
    LEAD = "lead"
    SUCCEED = "succeed"
    EPOCH = "epoch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One entry that is due; about nobody where an epoch is."""

    what: What
    person_id: PersonId | None = None


def present(circle: Circle, compartment: Compartment, directory: Directory, now: int) -> frozenset[bytes]:
    """Return who is a member by the log and by the tables."""
    recorded = {each.bytes for each in compartment.member_ids}
    return frozenset(circle.standing(directory, now) & recorded)


def epoch_is_due(circle: Circle, compartment: Compartment, directory: Directory, now: int) -> bool:
    """Whether somebody has the newest key who is no member, or a member has it not."""
    return circle.granted != present(circle, compartment, directory, now)


def due(
    circle: Circle, case: Case, compartment: Compartment, directory: Directory, now: int, asker: PersonId
) -> list[Due]:  # fmt: skip
    """Return what this member's client may write and should."""
    if not circle.is_open(now):
        return []
    found = list(_of_leaders(circle, case, compartment)) if asker.bytes in circle.leaders else []
    if circle.epoch_is_due(directory, now):
        found.append(Due(what=What.EPOCH))
    return found


def _of_leaders(circle: Circle, case: Case, compartment: Compartment) -> Iterable[Due]:
    recorded = {each.bytes for each in compartment.member_ids}
    barred = {each.bytes for each in case.excluded_ids}
    for person in sorted(barred - circle.excluded - set(circle.leaders)):
        yield Due(what=What.EXCLUDE, person_id=PersonId(UUID(bytes=person)))
    for person in sorted(circle.members - recorded - barred):
        what = What.REMOVE
        if person in circle.leaders:
            what = What.LEAD if person == circle.deputy else What.SUCCEED
        yield Due(what=what, person_id=PersonId(UUID(bytes=person)))
