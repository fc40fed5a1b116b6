"""The role `engine`: sweeps what is due. PostgreSQL decides what that is; APScheduler only wakes the sweep.

The sweep also runs every few seconds regardless of any wake, so a lost wake costs seconds, never an alert.
What calls people now has rounds of its own: it waits for nothing that only reminds, opens or erases, however long that
takes. Any number of engines may run and any may be killed at any moment. One module that fails never stops the others,
and a machine whose clock has gone wrong stops sweeping rather than call people at wrong times.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from agencies.sign_in import SignIn
from alerts import forgetting, reaching
from alerts import sweep as alerts
from alerts.duty import handing_over, ringing
from alerts.incidents import sweep as incident_sweep
from alerts.police import asking as police_asking
from alerts.proof import proving
from alerts.telephone import desk_calls
from alerts.telephone.answer_numbers import key_of
from cases import ledger
from cases.last_head import LastHead
from cases.vault import sweep as vault
from core import awake, heartbeat, logs, metrics
from core.clock import Clock, Pace
from core.database import Database
from core.errors import Unavailable
from core.ledger import CHANNEL
from core.settings import Settings
from operations import sweep as operations
from operations.safe_calls import sweep as safe_calls
from safety_plans import events as case_events
from safety_plans import retention
from safety_plans import sweep as reviews
from safety_plans.clocks import sweep as clocks
from safety_plans.clocks.service import spans_of
from safety_plans.digests import sweep as digests
from safety_plans.measures import sweep as measures
from safety_plans.organisations import sweep as organisations
from safety_plans.quiet import Quiet
from safety_plans.rings import sweep as rings
from server.carriers.carrying import Carrying, carriers_of

log = logs.get(__name__)

MOST_SKEW_SECONDS = 2.0
CHAIN_AFTER_SECONDS = 0.05
# Where what calls people now has done no round for longer, this engine gives no sign of life.
CALLS_LATE = timedelta(seconds=30)
# So soon a round may follow another by itself, whatever falls due meanwhile.
SOON = timedelta(seconds=0.5)
FORGET_EVERY = timedelta(minutes=10)
# What is kept for months is looked through whole.
FORGET_OLD_EVERY = timedelta(days=1)
# Shifts begin and end by the minute.
SHIFTS_EVERY = timedelta(seconds=20)
VAULT_EVERY = timedelta(seconds=20)
RETENTION_EVERY = timedelta(hours=1)
# Often enough for what is noted to be of one stretch (`core.awake`).
AWAKE_EVERY = timedelta(minutes=1)
# Whoever came to work this morning hears of what there is no later than tomorrow's.
NEWCOMERS_EVERY = timedelta(hours=1)
EVERYWHERE_EVERY = timedelta(hours=1)
CARRYING_PAUSE_SECONDS = 10.0
NextDue = Callable[[Database], Awaitable[datetime | None]]
# When the next row of each is due: of what calls people now, and of the rest.
CALLS: Mapping[str, NextDue] = {
    "alerts": alerts.next_due,
    "police": police_asking.next_due,
    "milestones": operations.next_late,
    "safe_calls": safe_calls.next_due,
}
REMINDERS: Mapping[str, NextDue] = {
    "countdowns": operations.next_task,
    "reviews": reviews.next_due,
    "measures": measures.next_due,
    "digests": digests.next_due,
    "rings": rings.next_due,
    "clocks": clocks.next_due,
    "organisations": organisations.next_due,
    "incidents": incident_sweep.next_due,
}


class Engine:
    """Runs the sweeps of one process."""

    def __init__(
        self, database: Database, clock: Clock, settings: Settings, last_head: LastHead | None = None
    ) -> None:  # fmt: skip
        self._last_head = last_head or LastHead(database, clock)
        self._database = database
        self._clock = clock
        self._settings = settings
        self._interval = settings.sweep_interval
        self._sign_in = SignIn(database, clock, settings)
        self._calls, self._woken = asyncio.Event(), asyncio.Event()
        self._called_at: datetime | None = None
        self._acts = asyncio.Event()
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._forgetting, self._forgetting_old = Pace(clock, FORGET_EVERY), Pace(clock, FORGET_OLD_EVERY)
        self._vault, self._retention = Pace(clock, VAULT_EVERY), Pace(clock, RETENTION_EVERY)
        self._awake, self._everywhere = Pace(clock, AWAKE_EVERY), Pace(clock, EVERYWHERE_EVERY)
        self._zone, self._spans = ZoneInfo(settings.time_zone), spans_of(settings)
        self._quiet = Quiet.read(settings.quiet_hours, settings.time_zone)
        self._newcomers = Pace(clock, NEWCOMERS_EVERY)
        self._begins, self._ends = Pace(clock, SHIFTS_EVERY), Pace(clock, SHIFTS_EVERY)

    async def run(self) -> NoReturn:
        """Sweep for ever."""
        self._scheduler.start()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._database.listen([CHANNEL], self._acts.set))
                tasks.create_task(self._keep_chaining())
                tasks.create_task(self._keep_carrying())
                # Whoever is to be called now waits for nothing else, however long that takes.
                tasks.create_task(self._keep_sweeping(self._calls, self._call))
                await self._keep_sweeping(self._woken, self._remind)
        finally:
            self._scheduler.shutdown(wait=False)

    async def sweep(self) -> None:
        """Do one round of everything: first those who are to be called now."""
        if await self._may_sweep():
            await self._call()
            await self._remind()

    async def _keep_sweeping(self, woken: asyncio.Event, module: Callable[[], Awaitable[None]]) -> NoReturn:
        """Do a part of the rounds again and again: each so often, and when something of it falls due."""
        while True:
            woken.clear()
            if await self._may_sweep():
                await module()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await woken.wait()

    async def _may_sweep(self) -> bool:
        if not await self._guarded("clock", self._clock_is_right):
            return False
        # Before anything is claimed: a restored database is on hold, and its statements hold back what is old.
        await self._guarded("hold", self._last_head.look)
        return True

    async def _call(self) -> None:
        """Take further what calls people now."""
        await self._guarded("alerts", lambda: alerts.escalate_due(self._database, self._clock))
        await self._guarded("desk_calls", lambda: desk_calls.repeat_due(self._database, self._clock))
        await self._guarded("police", lambda: police_asking.ask_on(self._database, self._clock))
        await self._guarded("unreached", lambda: reaching.wake_waiting(self._database, self._clock))
        await self._guarded("milestones", lambda: operations.call_for_late(self._database, self._clock))
        await self._guarded("safe_calls", lambda: safe_calls.call_for_unheard(self._database, self._clock))
        await self._guarded("wake_calls", lambda: self._wake_in_time(self._calls, CALLS))
        self._called_at = self._clock.now()

    async def _remind(self) -> None:
        """Do all the rest of a round."""
        await self._guarded("duty_rings", self._ring_for_duty)
        await self._guarded("hand_overs", self._hand_over)
        await self._guarded("first_reviews", self._open_first_reviews)
        await self._guarded("reviews", lambda: reviews.remind_due(self._database, self._clock, quiet=self._quiet))
        await self._guarded("clocks", lambda: clocks.remind_due(self._database, self._clock, quiet=self._quiet))
        await self._guarded("countdowns", lambda: operations.count_down(self._database, self._clock, self._zone))
        await self._guarded(
            "organisations", lambda: organisations.remind_due(self._database, self._clock, quiet=self._quiet)
        )
        await self._guarded(
            "measures", lambda: measures.remind_due(self._database, self._clock, self._zone, quiet=self._quiet)
        )
        await self._guarded("incidents", lambda: incident_sweep.remind_due(self._database, self._clock))
        # What was chained since the last round; what it leaves in the ledger itself is chained next.
        await self._guarded("rings", lambda: rings.tell_folded(self._database, self._clock, self._quiet))
        await self._guarded("digests", self._tell_digests)
        await self._guarded("case_events", lambda: case_events.take_up_events(self._database, self._clock, self._zone))
        await self._guarded("ledger", lambda: ledger.sequence_all(self._database))
        await self._guarded("vault", self._look_after_vault)
        await self._guarded("retention", self._erase_what_is_over)
        await self._guarded("proof", self._prove)
        await self._guarded("sign_in", self._forget_expired)
        await self._guarded("heartbeat", self._beat)
        await self._guarded("wake", lambda: self._wake_in_time(self._woken, REMINDERS))

    async def _beat(self) -> None:
        """Give a sign of life: only while both parts of the rounds are done, for most depends on the other one."""
        now, late = self._clock.now(), CALLS_LATE + timedelta(seconds=self._interval)
        if self._called_at is not None and now - self._called_at <= late:
            await heartbeat.beat(self._database, "engine", now)
        else:
            log.error("calls_stand_still")

    async def _keep_chaining(self) -> NoReturn:
        """Chain what is recorded soon after it is; the sweep chains what was not heard of."""
        while True:
            await self._acts.wait()
            # Where an API process runs it goes first: people wait for what it hands on.
            await asyncio.sleep(CHAIN_AFTER_SECONDS)
            self._acts.clear()
            await self._guarded("ledger", lambda: ledger.sequence_all(self._database))

    async def _keep_carrying(self) -> NoReturn:
        """Call people beside Matrix, again and again: the sweeps must go on whatever that comes to."""
        while True:
            try:
                async with carriers_of(self._settings, self._clock) as carriers:
                    await Carrying(
                        self._database, self._clock, carriers, self._settings.time_zone, self._interval,
                        self._may_carry, key_of(self._settings),
                    ).run()  # fmt: skip
            except* Exception as group:  # noqa: BLE001 (no fault of a carrier may end the sweeps)
                log.failure("carrying_ended", group)
            await asyncio.sleep(CARRYING_PAUSE_SECONDS)

    async def _guarded(self, name: str, module: Callable[[], Awaitable[object]]) -> object:
        began = time.monotonic()
        try:
            answer = await module()
        except Unavailable:
            log.warning("sweep_interrupted", action=name, error="database")
        except Exception as error:  # noqa: BLE001 (one broken module must not stop the others)
            log.failure("sweep_failed", error, action=name)
        else:
            metrics.SWEEP_SUCCESS.set(self._clock.now().timestamp(), name)
            return answer
        finally:
            metrics.SWEEP_DURATION.observe(time.monotonic() - began, name)
        metrics.SWEEP_FAILURES.count(name)
        return None

    async def _may_carry(self) -> bool:
        await self._last_head.look(quickly=True)
        return await self._clock_is_right()

    async def _clock_is_right(self) -> bool:
        skew = await clock_skew(self._database, self._clock)
        if abs(skew) > MOST_SKEW_SECONDS:
            log.error("clock_skew", seconds=round(skew, 1))
            return False
        return True

    async def _open_first_reviews(self) -> None:
        """Look among the new cases in every round, and among all cases at the start and now and then."""
        everywhere = self._everywhere.due()
        await reviews.open_missing(self._database, self._clock, self._zone, self._spans, everywhere=everywhere)
        if everywhere:
            await organisations.open_missing(self._database, self._clock, self._zone)
            self._everywhere.done()

    async def _prove(self) -> None:
        """Look after continuous proof where it was set up: with somebody who reads and answers it."""
        if self._settings.proves:
            await proving.prove(self._database, self._clock, timedelta(seconds=self._settings.proof_interval))

    async def _ring_for_duty(self) -> None:
        """Take rings further; whose shift begins is looked for now and then."""
        await ringing.step_due(self._database, self._clock, self._zone)
        if self._begins.due():
            begun = await ringing.ring_due(self._database, self._clock, self._zone)
            if begun < ringing.AT_ONCE:
                self._begins.done()

    async def _hand_over(self) -> None:
        """Ask who takes over; whose shift has ended is looked for now and then."""
        if self._ends.due():
            await handing_over.open_due(self._database, self._clock, self._zone)
            self._ends.done()
        await handing_over.ask_due(self._database, self._clock)

    async def _tell_digests(self) -> None:
        if self._newcomers.due():
            await digests.begin_new(self._database, self._clock, self._zone)
            self._newcomers.done()
        await digests.tell_due(self._database, self._clock, self._zone, self._quiet)

    async def _look_after_vault(self) -> None:
        """Look now and then: nobody can fetch or write meanwhile what they may not."""
        if self._vault.due():
            await vault.look(self._database, self._clock)
            self._vault.done()

    async def _erase_what_is_over(self) -> None:
        """Note that an engine is at work, and erase by what time it is only while time can be relied upon."""
        if not (self._awake.due() or self._retention.due()):
            return
        known = await awake.note(self._database, self._clock)
        self._awake.done()
        if self._retention.due():
            if known.reliable:
                await retention.look(self._database, self._clock)
            else:
                log.info("erasing_waits", seconds=round(known.waits.total_seconds()))
            self._retention.done()

    async def _forget_expired(self) -> None:
        if self._forgetting.due():
            await self._sign_in.forget_expired()
            self._forgetting.done()
        if self._forgetting_old.due():
            await forgetting.forget_old(self._database, self._clock)
            await digests.forget_told(self._database, self._clock)
            self._forgetting_old.done()

    async def _wake_in_time(self, woken: asyncio.Event, sweeps: Mapping[str, NextDue]) -> None:
        """Ask to be woken at the very moment when the next row falls due."""
        soon = self._clock.now() + SOON
        for name, next_due in sweeps.items():
            moment = await next_due(self._database)
            # What is past already fell due during this round, or somebody holds it: what failed waits for its lease.
            if moment is not None:
                # APScheduler drops jobs that are over a second late unless told otherwise.
                self._scheduler.add_job(
                    woken.set, "date", run_date=max(moment, soon) - self._clock.offset, id=name,
                    replace_existing=True, misfire_grace_time=None,
                )  # fmt: skip


async def clock_skew(database: Database, clock: Clock) -> float:
    """Return how many seconds this machine's clock is ahead of the database's."""
    machine = clock.now() - clock.offset
    return await database.seconds_ahead(machine.timestamp())
