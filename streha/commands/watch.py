"""`streha watch`: one calm line for everything that changes, as it happens, until Ctrl-C."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from uuid import UUID

import typer

from alerts.texts import EVENT_TEXTS
from alerts.vocabulary import Status
from client.answers import Change
from client.api import ApiClient
from client.stream import Tidings, Told
from core.clock import SystemClock
from core.errors import LimitReached, NotFound, Unavailable
from core.texts import mark
from streha import terminal
from streha.options import Json, Key
from streha.personal import speaking_as
from streha.terminal import say

OF_ALERTS = {
    "alert_raised": mark("ALERT: {event}."),
    "alert_acknowledged": mark("alert accepted by {people}."),
    "alert_escalated": mark("alert not yet answered by all; further people are called."),
    "alert_cancel_asked": mark("whoever raised the alert says that it is over."),
    "alert_stood_down": mark("alert ended."),
    "message_delivered": mark("a call of the alert was delivered."),
    "message_not_delivered": mark("a call of the alert could NOT be delivered. See: streha alert show {codename}"),
    "people_unreached": mark("somebody who was called cannot read any more. See: streha alert show {codename}"),
}
OF_CASES = {
    "level_set": mark("risk level recorded."),
    "level_lowering_told": mark("a lower risk level waits for a second person."),
    "review_opened": mark("a first assessment is needed."),
    "review_reminded": mark("a new assessment is due."),
    "review_overdue": mark("a new assessment is OVERDUE."),
    "review_done": mark("assessed again."),
    "case_opened": mark("case opened."),
    "case_closed": mark("case closed."),
    "agency_part_set": mark("an agency was given its part."),
    "leaders_named": mark("coordinator and deputy named."),
    "compartment_opened": mark("a smaller circle was opened."),
    "compartment_closed": mark("a smaller circle was closed."),
    "member_added": mark("a member was added."),
    "member_removed": mark("a member was removed."),
    "person_excluded": mark("a person was excluded."),
}
OF_OPERATIONS = {
    "operation_planned": mark("an operation was planned."),
    "operation_approved": mark("the plan was approved."),
    "operation_gone": mark("it begins."),
    "operation_postponed": mark("put off."),
    "operation_closed": mark("nothing of it is left to do."),
    "operation_diverted": mark("they go to the other place of the brief."),
    "operation_aborted": mark("ended early."),
    "operation_delayed": mark("everything is later."),
    "operation_dark": mark("telephones are off for a while."),
    "operation_received": mark("taken over by who receives."),
    "operation_refused": mark("NOT taken over. See: streha operation show {codename}"),
    "operation_receiver_named": mark("somebody else receives."),
    "milestone_confirmed": mark("a step is reached."),
    "milestone_late": mark("nobody has confirmed a step: people are asked. See: streha operation show {codename}"),
    "milestone_later": mark(
        "still nobody has confirmed a step: more people are called. See: streha operation show {codename}"
    ),
}
OF_SAFE_CALLS = {
    "safe_call_planned": mark("somebody is expected to be heard from. See: streha safe-call list"),
    "safe_call_heard": mark("somebody who was expected was heard from."),
    "safe_call_over": mark("somebody is not expected to be heard from any more."),
    "safe_call_late": mark("somebody was NOT heard from: people are asked. See: streha safe-call list"),
    "safe_call_later": mark("somebody is still NOT heard from: more people are called. See: streha safe-call list"),
}
# What stands out.
LOUD = (
    "milestone_late",
    "milestone_later",
    "operation_refused",
    "operation_aborted",
    "safe_call_late",
    "safe_call_later",
)
OF_DUTY = {
    "desk_opened": mark("Duty desk opened or changed."),
    "duty_taken": mark("Somebody came on duty."),
    "duty_left": mark("Somebody went off duty."),
    "roster_changed": mark("A duty roster has changed."),
    "person_left": mark("Somebody has left the staff."),
}
OF_THE_LINE = {
    Tidings.LIVE: mark("Watching. Stop with Ctrl-C."),
    Tidings.LOST: mark("NOT watching: the connection is lost. Trying again."),
    Tidings.ACCESS: mark("What you may see has changed. Look again: streha case list, streha alert list"),
    Tidings.RESET: mark("Something may have been missed. Look again: streha alert list, streha review list"),
}
ANYTHING = mark("something has changed.")


def add_to(app: typer.Typer) -> None:
    """Attach this command."""
    app.command(
        "watch",
        help=say(
            mark(
                "Watch what changes in everything you may know of, one line each, until Ctrl-C.\n\n\b\nExamples:\n"
                "  streha watch\n"
                "  streha watch --json"
            )
        ),
    )(_watch)


def _watch(key: Key, *, json: Json = False) -> None:
    async def act() -> None:
        async with speaking_as(key) as api, aclosing(api.follow()) as following:
            watcher = Watcher(api)
            async for told in following:
                if json:
                    terminal.as_json_line({"event": told.tidings, "place": told.place, **_fields(told.change)})
                else:
                    await watcher.show(told)

    asyncio.run(act())


class Watcher:
    """Puts what is told into words, with the names that this person may know."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._codenames: dict[UUID, str] = {}

    async def show(self, told: Told) -> None:
        """Print one line."""
        words, style = say(OF_THE_LINE[told.tidings]) if told.tidings in OF_THE_LINE else "", ""
        if told.tidings is Tidings.ACCESS:
            self._codenames.clear()
        if told.change is not None:
            try:
                words, style = await self._words(told.change)
            except NotFound:
                # It has gone out of sight since.
                return
            except (LimitReached, Unavailable):
                words = say(ANYTHING)
        terminal.plain(f"{_time()}  {words}", style=style)

    async def _words(self, change: Change) -> tuple[str, str]:
        if change.object == "duty":
            return say(OF_DUTY.get(change.act, ANYTHING)), ""
        if change.object == "alert" and change.id is not None:
            return await self._of_alert(change.id, change.act)
        if change.object == "operation" and change.id is not None:
            return await self._of_operation(change.id, change.act)
        codename = await self._codename(change.case)
        words = OF_SAFE_CALLS if change.object == "safe_call" else OF_CASES
        return f"{codename}: {say(words.get(change.act, ANYTHING))}", "bold" if change.act in LOUD else ""

    async def _of_alert(self, alert_id: UUID, act: str) -> tuple[str, str]:
        alert = await self._api.alert(alert_id)
        drill = alert.status == Status.EXERCISE
        event = say(EVENT_TEXTS[alert.event]) if alert.event in EVENT_TEXTS else alert.event
        people = ", ".join(alert.people.get(each, str(each)[:8]) for each in alert.accepted_by)
        words = say(OF_ALERTS.get(act, ANYTHING), event=event, people=people, codename=alert.codename)
        marked = _exercise() if drill else ""
        return f"{marked}{alert.codename}: {words}", "bold" if act == "alert_raised" and not drill else ""

    async def _of_operation(self, operation_id: UUID, act: str) -> tuple[str, str]:
        way = await self._api.operations.show(operation_id)
        words = say(OF_OPERATIONS.get(act, ANYTHING), codename=way.codename)
        marked = _exercise() if way.drill else ""
        return f"{marked}{way.codename}: {words}", "bold" if act in LOUD and not way.drill else ""

    async def _codename(self, case_id: UUID | None) -> str:
        if case_id is None:
            raise NotFound(ANYTHING)
        if case_id not in self._codenames:
            self._codenames[case_id] = (await self._api.case(case_id)).codename
        return self._codenames[case_id]


def _fields(change: Change | None) -> dict[str, object]:
    if change is None:
        return {}
    return {"act": change.act, "object": change.object, "id": change.id, "case": change.case}


def _exercise() -> str:
    return f"-- {say(mark('EXERCISE'))} -- "


def _time() -> str:
    return SystemClock().now().astimezone().strftime("%H:%M:%S")
