"""`streha alert`: raise and stay until somebody accepts, look, accept, stand down."""

from __future__ import annotations

import asyncio
from datetime import datetime, time, timedelta
from typing import Annotated
from uuid import UUID

import typer

from agencies.model import AgencyId
from alerts.drills import Drills, Figures
from alerts.emergency import Police
from alerts.texts import EVENT_TEXTS, REASON_TEXTS
from alerts.vocabulary import Event, StandDownReason, Status
from client.answers import Alert
from client.key_file import KeyFile
from client.raising import raise_until_accepted
from core.clock import SystemClock
from core.errors import InvalidInput, StrehaError
from core.ids import new_id
from core.texts import mark
from streha import terminal
from streha.emergency_words import police_lines
from streha.installation import installation
from streha.options import Json, Key
from streha.personal import Names, as_id, find_alert, find_compartment, find_participant, speaking_as
from streha.raising import Reporter
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("Alerts: raise, look, accept, stand down.")))

AlertWords = Annotated[
    str, typer.Argument(metavar="ALERT", help=say(mark("An alert, by its case's or compartment's codename or by id.")))
]


@app.command(
    "raise",
    help=say(
        mark(
            "Raise an alert and stay until a named person has accepted it. Says honestly what is known. "
            "In danger ring the police first.\n\n\b\nExamples:\n"
            "  streha alert raise quiet-heron\n"
            "  streha alert raise quiet-heron --event being_followed\n"
            "  streha alert raise quiet-heron --drill"
        )
    ),
)
def _raise(
    where: Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case or compartment, by codename or id.")))],
    key: Key,
    *,
    event: Annotated[Event, typer.Option(help=say(mark("What happens; panic if there is no time.")))] = Event.PANIC,
    drill: Annotated[
        bool, typer.Option("--drill", help=say(mark("An exercise: everybody sees that it is one.")))
    ] = False,
    once: Annotated[bool, typer.Option("--once", help=say(mark("Raise once and do not stay.")))] = False,
    press: Annotated[
        UUID | None,
        typer.Option("--id", metavar="ID", help=say(mark("Go on with an earlier raise: it is never raised twice."))),
    ] = None,
    json: Json = False,
) -> None:
    status = Status.EXERCISE if drill else Status.ACTUAL
    pressed = press or new_id()

    async def act() -> None:
        async with speaking_as(key) as api:
            reporter = Reporter(api, pressed, drill=drill, json=json, once=once)

            async def find() -> UUID:
                return as_id(where) or (await find_compartment(api, where)).id

            if not once:
                await raise_until_accepted(api, find, pressed, report=reporter, event=event, status=status)
                return
            try:
                alert = await api.raise_alert(await find(), pressed, event=event, status=status)
            except StrehaError as error:
                await reporter.not_raised(error)
                raise
            await reporter.raised(alert)

    asyncio.run(act())


@app.command("list", help=say(mark("List the alerts you may see.")))
def _list(
    key: Key,
    *,
    ended: Annotated[bool, typer.Option("--ended", help=say(mark("Those that have ended too.")))] = False,
    json: Json = False,
) -> None:
    async def act() -> tuple[list[Alert], Names]:
        async with speaking_as(key) as api:
            found = await api.alerts(ended=ended)
            return found, Names() if json else (await Names.of(api)).learn(found)

    found, names = asyncio.run(act())
    if json:
        terminal.as_json(found)
    elif not found:
        terminal.line(mark("No alert is open for you."))
    else:
        terminal.table(
            [
                mark("Alert"), mark("What"), mark("Raised"), mark("By"), mark("State"), mark("Accepted by"),
                mark("Silent"),
            ],
            [
                (
                    _title(each), _words(EVENT_TEXTS, each.event), terminal.moment(each.sent), _raised_by(each, names),
                    _words(_STATES, each.state), names.all(each.accepted_by), names.all(each.silent),
                )
                for each in found
            ],
        )  # fmt: skip


@app.command("show", help=say(mark("Show an alert: who was called, who accepted, who is silent.")))
def _show(alert: AlertWords, key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[Alert, Names, KeyFile]:
        async with speaking_as(key) as api:
            found = await find_alert(api, alert, ended=True)
            return found, Names() if json else (await Names.of(api)).learn([found]), api.key

    found, names, own = asyncio.run(act())
    if json:
        terminal.as_json(found)
    else:
        _print_alert(found, names, police_lines(found, names, own))


@app.command(
    "ack",
    help=say(
        mark(
            "Accept an alert. You act on it now, and the others see your name. If you were asked whether you still "
            "see to it, this says yes."
        )
    ),
)
def _acknowledge(alert: AlertWords, key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[Alert, Alert, Names, KeyFile]:
        async with speaking_as(key) as api:
            before = await find_alert(api, alert)
            accepted = await api.acknowledge(before.id)
            return before, accepted, Names() if json else (await Names.of(api)).learn([accepted]), api.key

    before, accepted, names, own = asyncio.run(act())
    if json:
        terminal.as_json(accepted)
        return
    if before.owner_asked_at is not None and accepted.owner_asked_at is None:
        terminal.line(
            mark("You still see to {alert}. You are asked again {time}."),
            alert=_title(accepted),
            time=terminal.moment(accepted.next_step_at),
        )
        return
    terminal.line(mark("You have accepted {alert}. Ring back whoever raised it."), alert=_title(accepted))
    for each in police_lines(accepted, names, own):
        terminal.plain(each)
    if accepted.police == Police.ASKED:
        terminal.line(
            mark("Say whether the police was called: streha alert police {alert} me"), alert=accepted.codename
        )
    if accepted.silent:
        terminal.line(mark("Still silent: {agencies}. They are being called."), agencies=names.all(accepted.silent))


@app.command(
    "stand-down",
    help=say(mark("End an alert that you accepted, after ringing back. If you raised it, calling only pauses.")),
)
def _stand_down(
    alert: AlertWords,
    key: Key,
    *,
    reason: Annotated[
        StandDownReason | None, typer.Option(help=say(mark("Why it ends; without it, that everybody is safe.")))
    ] = None,
    json: Json = False,
) -> None:
    async def act() -> Alert:
        async with speaking_as(key) as api:
            found = await find_alert(api, alert)
            usual = StandDownReason.DRILL_OVER if found.status == Status.EXERCISE else StandDownReason.SAFE
            return await api.stand_down(found.id, reason or usual)

    changed = asyncio.run(act())
    if json:
        terminal.as_json(changed)
    elif changed.stood_down_at is not None:
        terminal.line(mark("{alert} has ended."), alert=_title(changed))
    elif changed.paused_until is not None:
        terminal.line(
            mark("Your word was passed on. Calling pauses until {time}; then it goes on unless somebody has ended it."),
            time=terminal.moment(changed.paused_until),
        )
    else:
        terminal.line(mark("Your word was passed on. Calling goes on until somebody who accepted ends it."))


@app.command(
    "spoke",
    help=say(
        mark(
            "Note that you spoke with somebody who raised an alert or was called for it. It accepts nothing.\n\n"
            "\b\nExamples:\n"
            '  streha alert spoke quiet-heron "Ana Primer"\n'
            '  streha alert spoke quiet-heron "Ana Primer" --at 03:12'
        )
    ),
)
def _spoke(
    alert: AlertWords,
    person: Annotated[str, typer.Argument(metavar="PERSON", help=say(mark("The other one: name, Matrix user or id.")))],
    key: Key,
    *,
    at: Annotated[
        str,
        typer.Option(
            metavar="HH:MM", help=say(mark("When it was last this time, or a whole moment; without it, now."))
        ),
    ] = "",
    json: Json = False,
) -> None:
    spoken_at = last_time(at, SystemClock().now()) if at else None

    async def act() -> tuple[Alert, Names]:
        async with speaking_as(key) as api:
            found = await find_alert(api, alert, ended=True)
            noted = await api.note_conversation(found.id, await find_participant(api, found, person), spoken_at)
            return noted, Names() if json else (await Names.of(api)).learn([noted])

    noted, names = asyncio.run(act())
    if json:
        terminal.as_json(noted)
    else:
        _print_conversations(noted, names)


@app.command(
    "drills",
    help=say(
        mark("How soon each agency accepts exercises, by tier and hour of the day in the network's zone (operator).")
    ),
)
def _drills(*, json: Json = False) -> None:
    async def act() -> tuple[list[Figures], dict[AgencyId, str], str]:
        async with installation() as opened:
            zone = opened.settings.time_zone
            figures = await Drills(opened.database, zone).of_all()
            return figures, {each.id: each.name for each in await opened.agencies.all_agencies()}, zone

    figures, agencies, zone = asyncio.run(act())
    if json:
        terminal.as_json({"time_zone": zone, "drills": [_figures_plain(each) for each in figures]})
    elif not figures:
        terminal.line(mark("There was no exercise yet: streha alert raise CASE --drill"))
    else:
        terminal.table(
            [
                mark("Agency"), mark("As"), mark("Hour"), mark("Called"), mark("Never answered"), mark("Half within"),
                mark("95 of 100 within"),
            ],
            [
                (
                    agencies[each.agency_id],
                    say(mark("all")) if each.tier is None else say(_TIERS[each.tier]),
                    say(mark("all")) if each.hour is None else f"{each.hour:02}",
                    str(each.called), str(each.never_answered), _seconds(each.p50), _seconds(each.p95),
                )
                for each in figures
            ],
        )  # fmt: skip


_STATES = {
    "open": mark("open"),
    "accepted": mark("accepted"),
    "unanswered": mark("UNANSWERED"),
    "stood_down": mark("ended"),
}
_TIERS = {
    1: mark("leaders"),
    2: mark("duty desk"),
    3: mark("deputies"),
    4: mark("members"),
}


def _title(alert: Alert) -> str:
    return f"{say(mark('EXERCISE'))} {alert.codename}" if alert.status == Status.EXERCISE else alert.codename


def _raised_by(alert: Alert, names: Names) -> str:
    """Return who raised an alert, and with which device that can only raise; where that is nobody's, its agency."""
    if alert.raised_with is None:
        return names(alert.raised_by)
    return f"{names(alert.raised_by or alert.raised_with.agency)} ({alert.raised_with.device})"


def _words(texts: dict[str, str], word: str) -> str:
    return say(texts[word]) if word in texts else word


def _figures_plain(figures: Figures) -> dict[str, object]:
    return {
        "agency": figures.agency_id,
        "tier": figures.tier,
        "hour": figures.hour,
        "called": figures.called,
        "never_answered": figures.never_answered,
        "p50": figures.p50,
        "p95": figures.p95,
    }


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f} s"


def last_time(words: str, now: datetime) -> datetime:
    """Return when it was last this hour and minute by the machine's clock, or the moment that is written in full."""
    try:
        if len(words) > len("HH:MM"):
            written = datetime.fromisoformat(words)
            return written if written.tzinfo is not None else written.astimezone()
        wall = time.fromisoformat(words)
    except ValueError:
        raise InvalidInput(mark("A time looks like 03:12, a moment like 2031-05-14T03:12.")) from None
    today = datetime.combine(now.astimezone().date(), wall).astimezone()
    if today <= now:
        return today
    return datetime.combine(now.astimezone().date() - timedelta(days=1), wall).astimezone()


def _print_conversations(alert: Alert, names: Names) -> None:
    for each in alert.conversations:
        terminal.line(
            mark("{person} spoke to {other} at {time}."),
            person=names(each.spoken_by),
            other=names(each.spoken_with),
            time=terminal.moment(each.spoken_at),
        )


def _print_raise(alert: Alert, names: Names) -> None:
    time = terminal.moment(alert.sent)
    if alert.claimed_by is not None:
        terminal.line(
            mark("By telephone {time}, from the number of {person}: NOT VERIFIED. A number can be forged."),
            time=time, person=names(alert.claimed_by),
        )  # fmt: skip
    else:
        terminal.line(mark("Raised {time} by {person}."), time=time, person=_raised_by(alert, names))


def _print_alert(alert: Alert, names: Names, police: list[str]) -> None:
    terminal.plain(f"{_title(alert)}: {_words(EVENT_TEXTS, alert.event)}", style="bold")
    _print_raise(alert, names)
    terminal.line(mark("State: {state}"), state=_words(_STATES, alert.state))
    if alert.owner is not None and alert.stood_down_at is None:
        terminal.line(mark("Sees to it: {person}."), person=names(alert.owner))
    if alert.owner_asked_at is not None:
        terminal.line(
            mark("Asked {time} whether they still see to it. Without an answer it is open again {until}."),
            time=terminal.moment(alert.owner_asked_at),
            until=terminal.moment(alert.next_step_at),
        )
    terminal.line(mark("Messages delivered to {count} rooms."), count=alert.rooms_reached)
    if alert.unreached:
        terminal.line(mark("NOT reached on any device: {people}. Ring them."), people=names.all(alert.unreached))
    for each in police:
        terminal.plain(each)
    _print_conversations(alert, names)
    if alert.stood_down_at is not None:
        terminal.line(
            mark("Ended {time} by {person}: {reason}."),
            time=terminal.moment(alert.stood_down_at),
            person=names(alert.stood_down_by),
            reason=_words(REASON_TEXTS, alert.stand_down_reason or ""),
        )
    terminal.plain("")
    terminal.table(
        [mark("Agency"), mark("Part"), mark("Accepted by"), mark("Time")],
        [
            (names(each.agency), each.part, names(each.acknowledged_by), terminal.moment(each.acknowledged_at))
            for each in alert.agencies
        ],
    )
    by_telephone = say(mark("by telephone"))
    terminal.plain("")
    terminal.table(
        [mark("Called"), mark("Agency"), mark("As"), mark("Accepted")],
        [
            (
                names(each.person), names(each.agency), say(_TIERS.get(each.tier, str(each.tier))),
                terminal.moment(each.acknowledged_at) + (f" ({by_telephone})" if each.by_telephone else ""),
            )
            for each in alert.recipients
        ],
    )  # fmt: skip
