"""`streha alert`: raise and stay until somebody accepts, look, accept, stand down."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from agencies.model import AgencyId
from alerts.drills import Drills, Figures
from alerts.police.emergency import Police
from alerts.texts import EVENT_TEXTS
from alerts.vocabulary import Event, StandDownReason, Status
from client import key_file
from client.answers import Alert
from client.key_file import KeyFile
from client.raising import raise_until_accepted
from client.vault import kept
from core.clock import SystemClock
from core.errors import StrehaError
from core.ids import new_id
from core.texts import mark
from streha import passphrase_typing, terminal
from streha.alert_words import STATES, TIERS, print_alert, print_conversations, raised_by, title, words_of
from streha.card_words import accepted_lines
from streha.commands import emergency
from streha.emergency_words import police_lines
from streha.installation import installation
from streha.moments import last_time
from streha.options import AlertWords, Json, Key
from streha.personal import Names, as_id, find_alert, find_compartment, find_participant, speaking_as, speaking_with
from streha.raising import Reporter, locked, not_opened
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("Alerts: raise, look, accept, stand down.")))


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    emergency.add_to(app)
    commands.add_typer(app, name="alert")


@app.command(
    "raise",
    help=say(
        mark(
            "Raise an alert and stay until a named person has accepted it. Says honestly what is known. "
            "In danger ring the police first.\n\n\b\nExamples:\n"
            "  streha alert raise quiet-heron\n"
            "  streha alert raise quiet-heron --event being_followed\n"
            "  streha alert raise quiet-heron --event missing_person --child\n"
            "  streha alert raise quiet-heron --drill"
        )
    ),
)
def _raise(
    where: Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case or compartment, by codename or id.")))],
    key: Key,
    *,
    event: Annotated[Event, typer.Option(help=say(mark("What happens; panic if there is no time.")))] = Event.PANIC,
    child: Annotated[
        bool, typer.Option("--child", help=say(mark("With missing_person: it is a child who is missing.")))
    ] = False,
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
    own = _own_key(key, pressed, drill=drill, json=json)

    async def act() -> None:
        async with speaking_with(own) as api:
            reporter = Reporter(api, pressed, drill=drill, json=json, once=once)

            async def find() -> UUID:
                return as_id(where) or (await find_compartment(api, where)).id

            if not once:
                await raise_until_accepted(
                    api, find, pressed, report=reporter, event=event, status=status, child=child
                )  # fmt: skip
                return
            try:
                alert = await api.raise_alert(await find(), pressed, event=event, status=status, child=child)
            except StrehaError as error:
                await reporter.not_raised(error)
                raise
            await reporter.raised(alert)

    asyncio.run(act())


def _own_key(path: Path, press: UUID, *, drill: bool, json: bool) -> KeyFile:
    """Return the key that raises; until it is there, nothing is raised, and that is said."""
    try:
        found = key_file.read(path)
        if isinstance(found, KeyFile):
            return found
        opened = kept.found(found, SystemClock().now(), os.environ)
        if opened is None:
            locked(found, drill=drill)
            opened = passphrase_typing.ask(found, path).opened
    except StrehaError as error:
        not_opened(press, error, drill=drill, json=json)
        raise
    return opened.key


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
                    title(each), words_of(EVENT_TEXTS, each.event), terminal.moment(each.sent), raised_by(each, names),
                    words_of(STATES, each.state), names.all(each.accepted_by), names.all(each.silent),
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
        print_alert(found, names, police_lines(found, names, own))


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
    async def act() -> tuple[Alert, Alert, Names, KeyFile, list[str]]:
        async with speaking_as(key) as api:
            before = await find_alert(api, alert)
            accepted = await api.acknowledge(before.id)
            if json:
                return before, accepted, Names(), api.key, []
            card = accepted_lines(accepted, (await api.me()).agency)
            return before, accepted, (await Names.of(api)).learn([accepted]), api.key, card

    before, accepted, names, own, card = asyncio.run(act())
    if json:
        terminal.as_json(accepted)
        return
    if before.owner_asked_at is not None and accepted.owner_asked_at is None:
        terminal.line(
            mark("You still see to {alert}. You are asked again {time}."),
            alert=title(accepted),
            time=terminal.moment(accepted.next_step_at),
        )
        return
    text = mark("You have accepted {alert}. Ring back whoever raised it.")
    if accepted.event == Event.DURESS:
        text = mark(
            "You have accepted {alert}. DURESS: do NOT ring who raised it, and write NOTHING of it in the channel."
        )
    terminal.line(text, alert=title(accepted))
    if accepted.instruction:
        terminal.plain(accepted.instruction)
    for each in [*card, *police_lines(accepted, names, own)]:
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
            found = await find_alert(api, alert, ends=True)
            usual = StandDownReason.DRILL_OVER if found.status == Status.EXERCISE else StandDownReason.SAFE
            return await api.stand_down(found.id, reason or usual)

    changed = asyncio.run(act())
    if json:
        terminal.as_json(changed)
    elif changed.stood_down_at is not None:
        terminal.line(mark("{alert} has ended."), alert=title(changed))
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
        print_conversations(noted, names)


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
                    say(mark("all")) if each.tier is None else say(TIERS[each.tier]),
                    say(mark("all")) if each.hour is None else f"{each.hour:02}",
                    str(each.called), str(each.never_answered), _seconds(each.p50), _seconds(each.p95),
                )
                for each in figures
            ],
        )  # fmt: skip


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
