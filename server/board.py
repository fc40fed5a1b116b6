"""The board: what a duty officer must see at once, put together from what each domain tells this person.

Every part is what its own service would answer, so nothing is on the board that the person may not know. The
position is read first: whoever follows the live stream from there misses nothing that happened meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from agencies.duty_ring import DutyRing
from agencies.model import AgencyId, DeskId, DutyDesk, Person, PersonId
from agencies.roster import Interval, gaps, on_duty, uses_roster
from agencies.service import Agencies
from alerts.model import Accepted
from alerts.proof import proving
from alerts.proof.rules import Proof
from alerts.rung import Rung, RungView
from alerts.service import Alerts, AlertView
from cases import hold, ledger
from cases.model import Case, Compartment
from cases.service import Cases
from core import heartbeat
from core.clock import Clock
from core.database import Database
from safety_plans.service import Reviews, ReviewView

# A gap further ahead is planned for yet.
GAP_AHEAD = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardView:
    """Everything on one person's board.

    `people` and `agencies` name everybody the other parts speak of. `rings` are the test rings of shifts that have not
    ended, each with who stands in; `rung` is what this person is to answer. `proven` is when calling people last
    worked, `proof` what the self-test shows of it in between; `engine_at` and `bots_at` are when those roles last did a
    round. `held_since` is since when nothing old is acted on, because the database was restored.
    """

    position: int
    at: datetime
    person: Person
    alerts: Sequence[AlertView]
    reviews: Sequence[ReviewView]
    desks: Sequence[DutyDesk]
    rings: Sequence[tuple[DutyRing, Sequence[PersonId]]]
    rung: RungView
    channels: Sequence[Compartment]
    people: Mapping[PersonId, str]
    agencies: Mapping[AgencyId, str]
    proven: Accepted | None
    proof: Proof
    engine_at: datetime | None
    bots_at: datetime | None
    held_since: datetime | None

    def covering(self, desk: DutyDesk) -> AgencyId | None:
        """Return the agency whose desk covers for this one."""
        found = self._covering_desk(desk)
        return None if found is None else found.agency_id

    def on_duty(self, desk: DutyDesk) -> tuple[Person, ...]:
        """Return who answers at a desk now: whom an alert rings first."""
        return on_duty(desk, self.at)

    def next_gap(self, desk: DutyDesk) -> Interval | None:
        """Return the next hole in the roster of a desk of one's own agency: others cannot mend it."""
        if desk.agency_id != self.person.agency_id or not uses_roster(desk):
            return None
        return next(iter(gaps(desk, self._covering_desk(desk), self.at, self.at + GAP_AHEAD)), None)

    def _covering_desk(self, desk: DutyDesk) -> DutyDesk | None:
        by_id: dict[DeskId, DutyDesk] = {each.id: each for each in self.desks}
        return by_id.get(desk.covered_by) if desk.covered_by else None


class Board:
    """Puts boards together."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        agencies: Agencies,
        cases: Cases,
        alerts: Alerts,
        reviews: Reviews,
        rung: Rung,
    ) -> None:
        self._database = database
        self._clock = clock
        self._agencies = agencies
        self._cases = cases
        self._alerts = alerts
        self._reviews = reviews
        self._rung = rung

    async def see(self, actor: Person) -> BoardView:
        """Return the actor's board."""
        position = await ledger.position(self._database)
        cases = await self._cases.see_all(actor)
        alerts = await self._alerts.see_all(actor)
        colleagues = await self._cases.colleagues(actor)
        rung = await self._rung.see(actor)
        beats = await heartbeat.beats(self._database)
        async with self._database.reading() as look:
            held, proof = await hold.current(look), await proving.state(look)
        shown = {actor.agency_id, *(each for case in cases for each in case.agencies)}
        # Whoever was called sees also whose desks the call came to.
        shown |= {each.agency_id for view in alerts for each in view.alert.agencies}
        desks = await self._agencies.desks_of(shown, ahead=GAP_AHEAD)
        rings = await self._agencies.rings_of([each.id for each in desks])
        named = {
            *(each.agency_id for view in alerts for each in view.alert.agencies),
            *(each.agency_id for each in desks),
            *(each for call in rung.calls for each in call.agency_ids),
        }
        people: dict[PersonId, str] = {each.id: each.name for each in colleagues}
        people |= {each.id: each.name for desk in desks for each in desk.officers}
        people |= {each.person.id: each.person.name for desk in desks for each in desk.stand_ins}
        people |= {each.id: each.name for view in alerts for each in view.people}
        people |= rung.people
        return BoardView(
            position=position,
            at=self._clock.now(),
            person=actor,
            alerts=alerts,
            reviews=await self._reviews.due(actor),
            desks=desks,
            rings=rings,
            rung=rung,
            channels=_channels(cases),
            people=people,
            agencies={each.id: each.name for each in await self._agencies.agencies(named)},
            proven=await self._alerts.last_accepted(actor),
            proof=proof,
            engine_at=beats.get("engine"),
            bots_at=beats.get("bots"),
            held_since=None if held is None else held.since,
        )


def _channels(cases: Sequence[Case]) -> list[Compartment]:
    """Return where the person can raise an alert, by codename."""
    found = [each for case in cases for each in case.compartments if each.open]
    return sorted(found, key=lambda each: each.codename)
