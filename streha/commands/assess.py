"""`streha assess`: risk assessments, filled in as a file, sealed into a case, read again by the rules."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from client.answers import Review
from client.vault.assessments import Assessments, Read, find, last_counted, level_of, record_of
from client.vault.reading import View
from client.vault.records import Opened, Put
from core import private_files
from core.errors import InvalidInput, NotFound
from core.texts import mark
from safety_plans.assessments import form as forms
from safety_plans.assessments import table
from safety_plans.assessments.form import Checked
from safety_plans.assessments.judging import rank
from safety_plans.forms import LARGEST_BYTES
from safety_plans.instruments import reading
from safety_plans.instruments.model import Instrument, Subject
from safety_plans.instruments.published import newest, shipped
from safety_plans.model import Level
from safety_plans.problems import Problem
from streha import terminal
from streha.assessment_words import as_plain, print_assessment
from streha.commands.deciding import Where
from streha.commands.reviews import tell_stale
from streha.options import Json, Key, Yes
from streha.problems import file_read, tell
from streha.terminal import say
from streha.vault_names import person_named
from streha.vault_place import VaultPlace, say_due, vault_place

app = typer.Typer(
    no_args_is_help=True,
    help=say(
        mark(
            "Risk assessments: filled in as a file on this machine, sealed into a case.\n\n\b\nMost used:\n"
            "  streha assess template victim --out risk.json\n"
            "  streha assess put quiet-heron risk.json\n"
            "  streha assess show quiet-heron victim\n"
            "  streha assess countersign quiet-heron victim   look, as the second person, at a lower level"
        )
    ),
)
File = Annotated[Path, typer.Argument(metavar="FILE", help=say(mark("An assessment, as the template shows it.")))]
About = Annotated[
    Subject, typer.Argument(metavar="ABOUT", help=say(mark("One of: {choices}."), choices=", ".join(Subject)))
]
Person = Annotated[
    str, typer.Option("--person", metavar="PERSON", help=say(mark("Of staff: whom it is about, by name or id.")))
]
Own = Annotated[
    Path | None, typer.Option("--instrument", metavar="FILE", help=say(mark("An instrument of your own, in a file.")))
]
NO_PERSON = mark("An assessment of staff is about somebody: --person NAME")
AGREE = mark("Do you see it so, and sign as the second person?")
LOWER_THAN_SEALED = mark(
    "ATTENTION: by what is sealed here the level is {level}, and Streha does not go by it. Treat the case as {level}, "
    "and tell Streha: streha review level"
)
UNKNOWN_INSTRUMENT = mark("That file is no instrument. See: streha instrument check")


def add_to(commands: typer.Typer) -> None:
    """Attach these commands."""
    commands.add_typer(app, name="assess")


@app.command("template", help=say(mark("Write an assessment to fill in: every question, in your language.")))
def _template(
    about: About, *, out: Annotated[Path, typer.Option("--out", help=say(mark("A file that is not there yet.")))],
    instrument: Own = None,
) -> None:  # fmt: skip
    made = newest(about) if instrument is None else _instrument(instrument)
    private_files.write_new(out, forms.written(forms.template(made, terminal.language())))


@app.command("check", help=say(mark("Say everything that a file lacks, as far as can be seen without a case.")))
def _check(file: File, *, instrument: Own = None, json: Json = False) -> None:
    checked = forms.read(file_read(file, LARGEST_BYTES), _instruments(instrument))
    problems = Assessments.check(checked, bytes(16), None)
    tell(problems, json=json)
    if not json:
        terminal.line(mark("Nothing is wrong with it."))


@app.command(
    "answers",
    help=say(
        mark(
            "Put the answers of a table (CSV) into an assessment; without --out only say everything that is wrong.\n\n"
            "The first row names the columns: question, answer, evidence, note. A row for each question, by its id."
        )
    ),
)
def _answers(
    file: File,
    rows: Annotated[Path, typer.Argument(metavar="TABLE", help=say(mark("A table with a row for each answer.")))],
    *,
    out: Annotated[Path | None, typer.Option("--out", help=say(mark("A file that is not there yet.")))] = None,
    instrument: Own = None,
) -> None:
    checked = forms.read(file_read(file, LARGEST_BYTES), _instruments(instrument))
    tell(checked.problems)
    if checked.form is None or checked.instrument is None:
        raise typer.Exit(terminal.EXIT_NO)
    found = table.read(file_read(rows, LARGEST_BYTES), checked.instrument)
    tell(found.problems)
    if out is not None:
        private_files.write_new(out, forms.written(forms.answered(checked.form, found.answers)))
    terminal.line(mark("{count} answers are in the table, and nothing is wrong with it."), count=len(found.answers))


@app.command(
    "put",
    help=say(
        mark(
            "Seal an assessment into a case. Streha learns the level, and reminds of the next one. Nothing is stored "
            "of one that lacks something. A lower level waits until a second person has looked."
        )
    ),
)
def _put(
    where: Where, file: File, key: Key, *, person: Person = "", instrument: Own = None, json: Json = False
) -> None:  # fmt: skip
    checked = forms.read(file_read(file, LARGEST_BYTES), _instruments(instrument))
    if checked.form is None or checked.instrument is None:
        tell(checked.problems, json=json)
        raise typer.Exit(terminal.EXIT_NO)
    subject = checked.instrument.subject

    async def act() -> tuple[list[Problem], Put | None, Review | None]:
        async with vault_place(key, where) as place:
            await say_due(place)
            view, assessments = await place.view(), Assessments(place.records, _instruments(instrument))
            about = _about(view, subject, person)
            record = await assessments.record(view, subject, about)
            found = [] if record is None else await assessments.of_record(view, record)
            problems = Assessments.check(checked, view.person.person, last_counted(found))
            if problems:
                return problems, None, None
            put = await assessments.put(view, _with(checked, about), subject, record)
            return [], put, await _review(place)

    problems, put, review = asyncio.run(act())
    if put is None:
        tell(problems, json=json)
        return
    _say_put(put, review, json=json)


@app.command("countersign", help=say(mark("Look at what somebody assessed as lower, and sign as the second person.")))
def _countersign(
    where: Where, about: About, key: Key, *, person: Person = "", instrument: Own = None, yes: Yes = False,
    json: Json = False,
) -> None:  # fmt: skip
    async def act() -> tuple[Put, Review | None]:
        async with vault_place(key, where) as place:
            view, assessments = await place.view(), Assessments(place.records, _instruments(instrument))
            read, _level = await _read(place, assessments, view, about, person)
            if not json:
                print_assessment(view, read)
            terminal.require_agreed(AGREE, yes=yes)
            return await assessments.countersign(view, read), await _review(place)

    _say_put(*asyncio.run(act()), json=json)


@app.command("show", help=say(mark("Read the assessment about somebody or something, and what it suggests or lacks.")))
def _show(
    where: Where, about: About, key: Key, *, person: Person = "", instrument: Own = None, json: Json = False
) -> None:  # fmt: skip
    async def act() -> tuple[View, Read, Level | None, Review | None]:
        async with vault_place(key, where) as place:
            view, assessments = await place.view(), Assessments(place.records, _instruments(instrument))
            return view, *await _read(place, assessments, view, about, person), await _review(place)

    view, read, sealed, review = asyncio.run(act())
    if json:
        terminal.as_json(as_plain(read) | {"sealed": sealed, "goes_by": None if review is None else review.level})
        return
    print_assessment(view, read)
    if review is not None:
        terminal.line(
            mark("Streha goes by {level}. To be assessed again by {time}."),
            level=review.level, time=terminal.moment(review.due_at),
        )  # fmt: skip
        tell_stale(review)
    if sealed is not None and (review is None or rank(Level(review.level)) < rank(sealed)):
        terminal.plain("")
        terminal.line(LOWER_THAN_SEALED, level=sealed)
    if read.problems:
        terminal.plain("")
        terminal.line(mark("It does not count:"))
        tell(read.problems)


async def _read(
    place: VaultPlace, assessments: Assessments, view: View, subject: Subject, words: str
) -> tuple[Read, Level | None]:  # fmt: skip
    """Return the current assessment, and at which level all here keep the case.

    It counts as read on this machine once it was opened.
    """
    found = await assessments.current(view)
    record = record_of(found, subject, _about(view, subject, words))
    read = find([each for each in found if each.opened.version.write.record == record])
    await place.records.get(place.id, read.opened.version.write.record, _nothing)
    return read, level_of(found)


def _nothing(_opened: list[Opened], _view: View) -> None:
    """Hand nothing on: what was opened is shown by whoever asked."""


async def _review(place: VaultPlace) -> Review | None:
    """Return what Streha says of the case now."""
    return next((each for each in await place.api.reviews() if each.case == place.case.id), None)


def _say_put(put: Put, review: Review | None, *, json: bool) -> None:
    lowering = None if review is None else review.lowering
    if json:
        level = None if review is None else review.level
        terminal.as_json({"record": put.record, "version": put.version, "level": level, "lowering": lowering})
        return
    terminal.line(
        mark("Sealed and stored. Record {record}, version {version}"), record=str(put.record), version=str(put.version)
    )
    if review is not None and lowering is not None:
        terminal.line(
            mark(
                "The level stays {level} until a second person has looked, within 72 hours: streha assess countersign"
            ),
            level=review.level,
        )  # fmt: skip
    elif review is not None:
        terminal.line(
            mark("Streha goes by {level}. To be assessed again by {time}."),
            level=review.level, time=terminal.moment(review.due_at),
        )  # fmt: skip
        tell_stale(review)


def _about(view: View, subject: Subject, words: str) -> str | None:
    if subject is not Subject.STAFF:
        return None
    if not words:
        raise InvalidInput(NO_PERSON)
    return str(UUID(bytes=person_named(view, words)))


def _with(checked: Checked, about: str | None) -> forms.AssessmentForm:
    assert checked.form is not None  # noqa: S101 (it was checked)
    return forms.about(checked.form, about)


def _instruments(own: Path | None) -> list[Instrument]:
    return [*shipped(), *([] if own is None else [_instrument(own)])]


def _instrument(path: Path) -> Instrument:
    checked = reading.read(file_read(path, reading.LARGEST_BYTES))
    if checked.instrument is None:
        tell(checked.problems)
        raise NotFound(UNKNOWN_INSTRUMENT)
    return checked.instrument
