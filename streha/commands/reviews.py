"""`streha review`: risk levels, and the re-assessments that follow from them."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from client.answers import OrganisationReview, Review
from core.errors import NotFound
from core.texts import mark
from safety_plans.model import Level
from safety_plans.store import NO_REVIEW
from safety_plans.triggers import Within
from streha import terminal
from streha.moments import whole_moment
from streha.options import Json, Key
from streha.personal import Names, as_id, find_case, speaking_as
from streha.terminal import say

app = typer.Typer(no_args_is_help=True, help=say(mark("Risk levels, and when a case must be assessed again.")))


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="review")


@app.command("list", help=say(mark("List what must be assessed again, the earliest first.")))
def _list(key: Key, *, json: Json = False) -> None:
    async def act() -> tuple[list[Review], Names]:
        async with speaking_as(key) as api:
            found = await api.reviews()
            return found, Names() if json else await Names.of(api)

    found, names = asyncio.run(act())
    if json:
        terminal.as_json(found)
    elif not found:
        terminal.line(mark("No review is open. Decide a level first: streha review level CASE LEVEL"))
    else:
        terminal.table(
            [mark("Case"), mark("Level"), mark("Due"), mark("Why"), mark("State"), mark("Owner")],
            [
                (
                    each.codename, _level_of(each), terminal.moment(each.due_at), _why(each.reason),
                    say(mark("OVERDUE")) if each.stale_since else say(mark("open")), names(each.owner),
                )
                for each in found
            ],
        )  # fmt: skip


@app.command(
    "level", help=say(mark("Record a risk level. The next review follows from it. A lower one takes two people."))
)
def _level(
    case: Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case, by codename or id.")))],
    level: Annotated[Level, typer.Argument(help=say(mark("The level.")))],
    key: Key,
    *,
    at: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", help=say(mark("When it was assessed, for example 2031-05-14T09:30:00Z; else now."))
        ),
    ] = None,
    json: Json = False,
) -> None:
    assessed_at = None if at is None else whole_moment(at)

    async def act() -> Review:
        async with speaking_as(key) as api:
            return await api.set_level((await find_case(api, case)).id, level, assessed_at)

    _print_next(asyncio.run(act()), json=json)


@app.command("done", help=say(mark("Record that a case was assessed again. Its level stays.")))
def _done(
    review: Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case or review, by codename or id.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def act() -> Review:
        async with speaking_as(key) as api:
            wanted = as_id(review)
            for each in await api.reviews():
                if each.codename.casefold() == review.casefold() or wanted in (each.id, each.case):
                    return await api.complete_review(each.id)
            raise NotFound(NO_REVIEW)

    _print_next(asyncio.run(act()), json=json)


@app.command(
    "event",
    help=say(
        mark(
            "Record that something happened which must be assessed within 2h, 24h or 72h. What it was does not belong "
            "here.\n\n\b\nExample:\n"
            "  streha review event quiet-heron 24h"
        )
    ),
)
def _event(
    case: Annotated[str, typer.Argument(metavar="CASE", help=say(mark("A case, by codename or id.")))],
    within: Annotated[Within, typer.Argument(help=say(mark("In what time it must be assessed.")))],
    key: Key,
    *,
    json: Json = False,
) -> None:
    async def act() -> Review:
        async with speaking_as(key) as api:
            return await api.note_event((await find_case(api, case)).id, within)

    _print_next(asyncio.run(act()), json=json)


@app.command("organisation", help=say(mark("Show by when your own organisation's safety is assessed again.")))
def _organisation(
    key: Key,
    *,
    done: Annotated[bool, typer.Option("--done", help=say(mark("Record that it was assessed.")))] = False,
    json: Json = False,
) -> None:
    async def act() -> OrganisationReview:
        async with speaking_as(key) as api:
            return await (api.complete_organisation_review() if done else api.organisation_review())

    found = asyncio.run(act())
    if json:
        terminal.as_json(found)
    elif found.due_at is None:
        terminal.line(mark("Your organisation helps in no open case: there is nothing to assess."))
    elif found.stale_since:
        terminal.line(mark("OVERDUE since {time}."), time=terminal.moment(found.due_at))
    else:
        terminal.line(mark("To be assessed again by {time}."), time=terminal.moment(found.due_at))


_REASONS = {
    "interval": mark("its level"),
    "alert": mark("an alert"),
    "after_alert": mark("an alert that ended"),
    "leak": mark("data may have leaked"),
    "health": mark("health"),
    "staff_changed": mark("staff changed"),
    "agency_changed": mark("an agency changed"),
    "measure": mark("a measure is overdue"),
    "event_2h": mark("something happened"),
    "event_24h": mark("something happened"),
    "event_72h": mark("something happened"),
    "date": mark("a day at court or of a transfer"),
    "clock_24h": mark("nobody looked in time"),
    "clock_72h": mark("nobody looked in time"),
}


def _level_of(review: Review) -> str:
    words = review.level
    if review.lowering is not None:
        words = say(mark("{level} ({lower} waits for a second person)"), level=words, lower=review.lowering)
    if review.stale_since is not None:
        words = say(mark("{level}, stale since {time}"), level=words, time=terminal.moment(review.stale_since))
    return words


def tell_stale(review: Review) -> None:
    """Say since when the level of a review is not to be relied upon; nothing where it is."""
    if review.stale_since is not None:
        terminal.line(
            mark("The level is stale since {time}: treat the risk as high until somebody has assessed it again."),
            time=terminal.moment(review.stale_since),
        )  # fmt: skip


def _why(reason: str) -> str:
    return say(_REASONS[reason]) if reason in _REASONS else reason


def _print_next(review: Review, *, json: bool) -> None:
    if json:
        terminal.as_json(review)
        return
    if review.lowering is not None:
        terminal.line(
            mark(
                "The level stays {level} until a second person of the core has looked and records {lower} too, within "
                "72 hours: streha review level {codename} {lower}"
            ),
            level=review.level, lower=review.lowering, codename=review.codename,
        )  # fmt: skip
    terminal.line(
        mark("{codename}: {level}. To be assessed again by {time}."),
        codename=review.codename, level=review.level, time=terminal.moment(review.due_at),
    )  # fmt: skip
    tell_stale(review)
