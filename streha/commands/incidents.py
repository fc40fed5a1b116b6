"""`streha incident`: what is known after an alert, as codes, and until when what must be done."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from alerts.incidents.messages import FACT_TEXTS, SECTION_TEXTS
from alerts.incidents.rules import Fact, Section
from client.answers import Incident
from core.clock import SystemClock
from core.texts import mark
from streha import terminal
from streha.options import AlertWords, Json, Key
from streha.personal import find_alert, speaking_as
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("Incident records: what is known after an alert.")))


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="incident")


KIND_TEXTS = {
    "incident_record": mark("incident record"),
    "data_breach_notification": mark("notice that data may have leaked"),
}


@app.command("show", help=say(mark("Show the incident record of an alert, what is missing, and what is due.")))
def _show(alert: AlertWords, key: Key, *, json: Json = False) -> None:
    async def act() -> Incident:
        async with speaking_as(key) as api:
            return await api.incident((await find_alert(api, alert, ended=True)).id)

    _print(asyncio.run(act()), json=json)


@app.command(
    "add",
    help=say(
        mark(
            "Note what is known of an incident, in its section. Of the alerts of a case it is the last. Only codes: "
            "what happened, in words, does not belong here.\n\n"
            "\b\nExamples:\n"
            "  streha incident add quiet-heron immediate police_came\n"
            "  streha incident add quiet-heron update data_may_have_leaked\n"
            "  streha incident add quiet-heron post_incident debriefed"
        )
    ),
)
def _add(
    alert: AlertWords,
    section: Annotated[Section, typer.Argument(help=say(mark("The section.")))],
    fact: Annotated[Fact, typer.Argument(help=say(mark("What is known.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def act() -> Incident:
        async with speaking_as(key) as api:
            return await api.add_fact((await find_alert(api, alert, ended=True)).id, section, fact)

    _print(asyncio.run(act()), json=json)


def _print(incident: Incident, *, json: bool) -> None:
    if json:
        terminal.as_json(incident)
        return
    terminal.table(
        [mark("Section"), mark("Known"), mark("Noted by"), mark("Time")],
        [
            (
                _words(SECTION_TEXTS, each.section), _words(FACT_TEXTS, each.fact),
                incident.people.get(each.noted_by, str(each.noted_by)[:8]), terminal.moment(each.noted_at),
            )
            for each in incident.noted
        ],
    )  # fmt: skip
    for section in incident.missing:
        terminal.line(mark("Nothing stands yet in: {section}"), section=_words(SECTION_TEXTS, section))
    now = SystemClock().now()
    for duty in incident.duties:
        what, owner = _words(KIND_TEXTS, duty.kind), incident.people.get(duty.owner, str(duty.owner)[:8])
        if duty.done_at is not None and duty.done_by is not None:
            person = incident.people.get(duty.done_by, str(duty.done_by)[:8])
            terminal.line(
                mark("{what}: done {time} by {person}."), what=what, time=terminal.moment(duty.done_at), person=person
            )
        else:
            text = mark("{what}: due {time}. Owner: {person}.")
            if duty.due_at <= now:
                text = mark("{what}: OVERDUE since {time}. Owner: {person}.")
            terminal.line(text, what=what, time=terminal.moment(duty.due_at), person=owner)


def _words(texts: dict[str, str], word: str) -> str:
    return say(texts[word]) if word in texts else word
