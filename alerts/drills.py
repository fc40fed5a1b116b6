"""How soon exercises are accepted, by agency, tier and hour of the day: the proof that calling reaches people.

It is read off the rows that exercises leave, and holds no name, codename or alert. Only agencies that must answer
count; an acceptance is the first of anybody called there, from the ledger, for later raises ask for it anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from agencies.model import AgencyId, Person, Role
from agencies.service import NO_AGENCY
from alerts.model import AlertId, Tier
from alerts.store import SQL
from alerts.vocabulary import Status
from core.database import Database, Reading
from core.errors import NotFound

MEDIAN, NEARLY_ALL = 50, 95


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One tier of one agency, called in one exercise: how long after the raise its first acceptance came, if any."""

    alert_id: AlertId
    agency_id: AgencyId
    tier: Tier
    sent: datetime
    seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How often an agency was called in exercises, and how soon it accepted, in seconds from the raise.

    Without an hour it is the whole day, without a tier the whole agency: whoever of it came first.
    """

    agency_id: AgencyId
    tier: Tier | None
    hour: int | None
    called: int
    never_answered: int
    p50: float | None
    p95: float | None


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Return the smallest of these values that so many in a hundred of them do not exceed; nothing of none."""
    if not values:
        return None
    rank = max(1, -(-len(values) * percent // 100))
    return sorted(values)[rank - 1]


def report(answers: Iterable[Answered], zone: ZoneInfo) -> list[Figures]:
    """Return the figures of every agency, tier and hour of the day in a zone, wholes before their parts."""
    groups: dict[tuple[AgencyId, Tier | None, int | None], list[float | None]] = defaultdict(list)
    whole: dict[tuple[AgencyId, AlertId], list[float | None]] = defaultdict(list)
    for each in answers:
        whole[each.agency_id, each.alert_id].append(each.seconds)
        groups[each.agency_id, each.tier, None].append(each.seconds)
        groups[each.agency_id, each.tier, each.sent.astimezone(zone).hour].append(each.seconds)
    for (agency_id, _), tiers in whole.items():
        groups[agency_id, None, None].append(min((each for each in tiers if each is not None), default=None))
    return [
        _figures(*group, groups[group])
        for group in sorted(groups, key=lambda group: (group[0], group[1] or 0, -1 if group[2] is None else group[2]))
    ]


def _figures(
    agency_id: AgencyId, tier: Tier | None, hour: int | None, seconds: Sequence[float | None]
) -> Figures:  # fmt: skip
    answered = [each for each in seconds if each is not None]
    return Figures(
        agency_id=agency_id,
        tier=tier,
        hour=hour,
        called=len(seconds),
        never_answered=len(seconds) - len(answered),
        p50=percentile(answered, MEDIAN),
        p95=percentile(answered, NEARLY_ALL),
    )


class Drills:
    """Reports how soon exercises were accepted, by the time of the network's zone."""

    def __init__(self, database: Database, time_zone: str) -> None:
        self._database = database
        self._zone = ZoneInfo(time_zone)

    async def of_agency(self, actor: Person, agency_id: AgencyId) -> list[Figures]:
        """Return an agency's figures to one of its administrators."""
        if actor.role is not Role.ADMINISTRATOR or actor.agency_id != agency_id:
            raise NotFound(NO_AGENCY)
        async with self._database.reading() as look:
            return report(await _answers(look, agency_id), self._zone)

    async def of_all(self) -> list[Figures]:
        """Return the figures of every agency, for the operator."""
        async with self._database.reading() as look:
            return report(await _answers(look), self._zone)


async def _answers(look: Reading, agency_id: UUID | None = None) -> list[Answered]:
    return [
        Answered(
            alert_id=row["alert_id"],
            agency_id=row["agency_id"],
            tier=Tier(row["tier"]),
            sent=row["sent"],
            seconds=row["seconds"],
        )
        for row in await look.rows(SQL["drills"], Status.EXERCISE, agency_id)
    ]
