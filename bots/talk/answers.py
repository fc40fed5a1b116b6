"""What the bot says to somebody who wrote to it, and what it looks up for them.

What needs action, or is about an alert, stands among everything else; what only one person wants to know stands in a
thread beneath their question. Whoever answers notes in the same transaction that the question has its answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from agencies import store as directory
from agencies.model import AgencyId, PersonId
from agencies.roster import on_duty
from bots.talk import confirmations
from bots.talk.confirmations import Question
from bots.talk.heard import Heard
from bots.talk.who_is_here import WhoIsHere
from bots.words.rendering import roster
from cases.model import Case, CompartmentId
from cases.service import Cases
from core import once, outbox
from core.clock import Clock
from core.database import Database
from core.outbox import Lane, Message, TargetKind
from core.settings import Settings
from safety_plans.clocks.rules import ClockKind
from safety_plans.clocks.service import CaseClocks, spans_of
from safety_plans.service import Reviews

Reply = tuple[str, Mapping[str, str]]


class Answers:
    """Answers in the room in which it was asked."""

    def __init__(self, database: Database, clock: Clock, settings: Settings, who_is_here: WhoIsHere) -> None:
        self._database = database
        self._clock = clock
        self._zone = ZoneInfo(settings.time_zone)
        self._who_is_here = who_is_here
        self._cases = Cases(database, clock)
        self._reviews = Reviews(database, clock, settings.time_zone)
        self._clocks = CaseClocks(database, clock, settings.time_zone, spans_of(settings))

    async def say(
        self, heard: Heard, template: str, parameters: Mapping[str, str] | None = None, *, lane: Lane = Lane.ORDINARY
    ) -> None:
        """Say one thing to whoever wrote, where everybody in the room sees it; once."""
        await self._post(heard, [(template, parameters or {})], lane=lane)

    async def ask(self, heard: Heard, template: str, parameters: Mapping[str, str], question: Question) -> None:
        """Ask something back, and note what a yes will carry out. These words have had no effect yet."""
        message = self._message(heard, template, parameters, lane=Lane.ALERT)
        async with self._database.transaction(urgent=True) as tx:
            await confirmations.ask(tx, heard.person.id, heard.target, question)
            await outbox.post(tx, [message], self._clock.now())

    async def help(self, heard: Heard) -> None:
        """Say what can be commanded."""
        await self._inform(heard, [("reply_help", {})])

    async def no_operation(self, heard: Heard) -> None:
        """Say that nobody is under way here."""
        await self._inform(heard, [("reply_no_operation", {})])

    async def who(self, heard: Heard) -> None:
        """Say who is in the room, and whom it does not reach."""
        await self._inform(heard, await self._who_is_here.replies(heard))

    async def due(self, heard: Heard) -> None:
        """List what is due: in a channel only that case, so that no room learns of another."""
        views, clocks = await self._reviews.due(heard.person), await self._clocks.due(heard.person)
        if heard.target.kind is TargetKind.COMPARTMENT:
            here = {each.codename for each in await self._cases_here(heard)}
            views = [each for each in views if each.codename in here]
            clocks = [each for each in clocks if each[0] in here]
        elif heard.target.kind is TargetKind.DESK:
            views, clocks = [], []
        held = ClockKind.CUSTODY
        listed = {
            "reply_overdue": [(each.codename, each.review.due_at) for each in views if each.stale_since],
            "reply_released": [(codename, each.due_at) for codename, each in clocks if each.kind is held],
            "reply_not_looked_at": [(codename, each.due_at) for codename, each in clocks if each.kind is not held],
            "reply_due": [(each.codename, each.review.due_at) for each in views if not each.stale_since],
        }
        said = [(template, {"words": self._times(those)}) for template, those in listed.items() if those]
        await self._inform(heard, said or [("reply_nothing_due", {})])

    async def roster(self, heard: Heard) -> None:
        """Say who is on duty: in a channel for the agencies of its case, elsewhere for those one works with."""
        agencies: set[AgencyId] = set()
        if heard.target.kind is not TargetKind.COMPARTMENT:
            agencies.add(heard.person.agency_id)
        if heard.target.kind is not TargetKind.DESK:
            for case in await self._cases_here(heard):
                agencies |= case.agencies.keys()
        answering = await self._on_duty(agencies)
        if answering:
            await self._inform(heard, [("reply_roster", {"roster": roster(answering)})])

    def _times(self, those: Iterable[tuple[str, datetime]]) -> str:
        return "\n".join(f"{codename}: {self._local(at)}" for codename, at in those)

    async def _cases_here(self, heard: Heard) -> Sequence[Case]:
        """Return the cases that may be spoken of here: a channel's own; where somebody is alone, all of theirs."""
        mine = await self._cases.see_all(heard.person)
        if heard.target.kind is TargetKind.PERSON:
            return mine
        return [each for each in mine if each.compartment(CompartmentId(heard.target.id)) is not None]

    async def _on_duty(self, agencies: Collection[AgencyId]) -> dict[AgencyId, list[PersonId]]:
        """Return whom an alert rings first for each agency now.

        These are those on duty at its desk, else at the desk that covers for it, else its deputies, else whoever sits
        at either.
        """
        now = self._clock.now()
        async with self._database.reading() as look:
            duty = await directory.duty(look, agency_ids=agencies, now=now)
        desks = {each.id: each for each in duty.desks}
        of_agency = {each.agency_id: each for each in duty.desks}
        found: dict[AgencyId, list[PersonId]] = {}
        for agency_id in sorted(agencies):
            own = of_agency.get(agency_id)
            covering = desks.get(own.covered_by) if own is not None and own.covered_by is not None else None
            posts = [each for each in (own, covering) if each is not None]
            present = [on_duty(each, now) for each in posts]
            seated = tuple(officer for each in posts for officer in each.officers)
            answering = next(filter(None, [*present, duty.deputies.get(agency_id, ()), seated]), ())
            found[agency_id] = [each.id for each in answering]
        return found

    async def _inform(self, heard: Heard, replies: Sequence[Reply]) -> None:
        await self._post(heard, replies, thread=heard.message.thread)

    async def _post(
        self, heard: Heard, replies: Sequence[Reply], *, lane: Lane = Lane.ORDINARY, thread: str | None = None
    ) -> None:
        messages = [self._message(heard, *each, lane=lane, thread=thread) for each in replies]
        now = self._clock.now()
        async with self._database.transaction(urgent=lane is Lane.ALERT) as tx:
            if messages and await once.first(tx, heard.key, now):
                await outbox.post(tx, messages, now)

    def _message(
        self, heard: Heard, template: str, parameters: Mapping[str, str], *, lane: Lane, thread: str | None = None
    ) -> Message:
        return Message(
            key=f"reply:{heard.message.event_id}:{template}",
            target=heard.target,
            template=template,
            parameters=dict(parameters),
            mentions=[heard.person.id],
            lane=lane,
            thread=thread,
        )

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%d.%m.%Y. %H:%M")
