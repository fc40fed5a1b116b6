"""Assessments as people read them, and as programs do."""

from __future__ import annotations

from client.vault.assessments import Read, waits
from client.vault.reading import View
from core.texts import mark
from safety_plans.assessments.model import Answer
from streha import terminal
from streha.terminal import say
from streha.vault_names import moment_text, name_of

PAST_MISSING = mark("What was before it cannot be read here: whether it lowers anything cannot be seen.")
UNKNOWN_INSTRUMENT = mark("It was made with an instrument that is not here. Give its file: --instrument FILE")


def print_assessment(view: View, read: Read) -> None:
    """Print who decided what, and why; what it suggests; and every yes and unknown."""
    _print_decision(view, read)
    for scenario in read.assessment.scenarios:
        terminal.plain(f"- {scenario.what} ({scenario.severity}, {scenario.likelihood})")
    if read.judgement is not None:
        terminal.line(
            mark("Suggested: {level}; floor: {floor}"),
            level=read.judgement.suggested or "-", floor=read.judgement.floor or "-",
        )  # fmt: skip
        if read.judgement.insufficient:
            terminal.line(mark("INSUFFICIENT INFORMATION: too much is not known, or something critical is not."))
    _print_answers(read)
    for dissent in read.assessment.dissent:
        terminal.line(
            mark("{person} sees it as {level}: {why}"),
            person=name_of(view, dissent.by.bytes), level=dissent.level, why=dissent.why,
        )  # fmt: skip


def _print_decision(view: View, read: Read) -> None:
    said = read.assessment
    terminal.line(
        mark("{level}, assessed by {person}, sealed {time}"),
        level=said.level, person=name_of(view, said.assessor.bytes), time=moment_text(read.opened.version.at),
    )  # fmt: skip
    if said.countersigner is not None:
        terminal.line(mark("Second person: {person}"), person=name_of(view, said.countersigner.bytes))
    if read.before is not None:
        terminal.line(mark("Before: {level}"), level=read.before.level)
    elif not read.past:
        terminal.line(PAST_MISSING)
    for label, text in (
        (mark("Why"), said.why), (mark("What changed"), said.changed),
        (mark("The person's own rating"), said.own or ""), (mark("Why below that"), said.why_below_own),
    ):  # fmt: skip
        if text:
            terminal.plain(f"{say(label)}: {text}")


def _print_answers(read: Read) -> None:
    if read.instrument is None:
        terminal.line(UNKNOWN_INSTRUMENT)
        return
    for each in read.instrument.indicators:
        answered = read.assessment.answers.get(each.id)
        if answered is not None and answered.answer in {Answer.YES, Answer.UNKNOWN}:
            note = f" ({answered.note})" if answered.note else ""
            terminal.plain(f"{each.id} {answered.answer}: {each.question(terminal.language())}{note}")


def as_plain(read: Read) -> dict[str, object]:
    """Return it for programs."""
    judgement = read.judgement
    return {
        "assessment": read.form,
        "before": None if read.before is None else read.before.level,
        "suggested": None if judgement is None else judgement.suggested,
        "floor": None if judgement is None else judgement.floor,
        "insufficient": None if judgement is None else judgement.insufficient,
        "waits": waits(read),
        "problems": [{"where": each.where, "what": say(each.what, **each.about)} for each in read.problems],
    }
