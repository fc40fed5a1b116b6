"""An operation as it is shown on a terminal, and found by its name."""

from __future__ import annotations

from client.api import ApiClient
from client.operations import Operation, OperationStep
from core.errors import NotFound
from core.texts import mark
from operations.words import HAND_OVERS, REFUSALS, STATUSES, STEPS
from streha import terminal
from streha.personal import Names, as_id
from streha.terminal import say

NO_OPERATION = mark("No operation has this name for you. See: streha operation list")
EXERCISE = mark("EXERCISE: nothing of it is real.")


async def found_operation(api: ApiClient, which: str) -> Operation:
    """Return an operation of the actor's circles, by codename or id."""
    operation_id = as_id(which)
    if operation_id is not None:
        return await api.operations.show(operation_id)
    for each in await api.operations.list_all(ended=True):
        if each.codename.casefold() == which.casefold():
            return each
    raise NotFound(NO_OPERATION)


def show_operation(found: Operation, names: Names, *, json: bool) -> None:
    """Show an operation with its steps."""
    if json:
        terminal.as_json(found)
        return
    if found.known:
        terminal.line(mark("That was known already; nothing was changed."))
    if found.drill:
        terminal.line(EXERCISE)
    terminal.line(
        mark("{codename}, in {circle}: {state}. Begins {time}. Leads: {person}. Buddy: {buddy}."),
        codename=found.codename, circle=found.circle, state=words_of(STATUSES, found.status),
        time=terminal.moment(found.begins_at), person=names(found.coordinator), buddy=names(found.buddy),
    )  # fmt: skip
    if found.receiver is not None and found.handed_over is not None:
        terminal.line(
            mark("Receives: {person}. {state}"), person=names(found.receiver),
            state=words_of(HAND_OVERS, found.handed_over),
        )  # fmt: skip
    if found.placed:
        terminal.line(
            mark("Its place is compared with others of that day. Moved to another day it is to be given again.")
        )
    if found.refusal is not None:
        terminal.line(mark("Why: {text}"), text=words_of(REFUSALS, found.refusal))
    if found.dark_until is not None:
        terminal.line(mark("Telephones are off until {time}."), time=terminal.moment(found.dark_until))
    terminal.table(
        [mark("No."), mark("Step"), mark("Expected"), mark("State"), mark("Who confirms")],
        [
            (
                str(each.position), words_of(STEPS, each.kind),
                "" if each.due_at is None else terminal.moment(each.due_at),
                state_of(each),
                ", ".join(names(one) for one in each.confirmers),
            )
            for each in found.steps
        ],
    )  # fmt: skip


def standing(found: Operation) -> str:
    """Return where an operation stands, an exercise as such."""
    state = words_of(STATUSES, found.status)
    return say(mark("EXERCISE: {state}"), state=state) if found.drill else state


def state_of(step: OperationStep) -> str:
    """Return how it stands with a step."""
    if step.confirmed_at is not None:
        return say(mark("confirmed"))
    if step.passed:
        return say(mark("passed"))
    return say(mark("LATE")) if step.late else say(mark("to come"))


def next_of(found: Operation) -> str:
    """Return what is expected next."""
    step = next((each for each in found.steps if each.confirmed_at is None and not each.passed), None)
    if step is None:
        return ""
    shown = words_of(STEPS, step.kind)
    return shown if step.due_at is None else f"{shown}, {terminal.moment(step.due_at)}"


def words_of(words: dict[str, str], name: str) -> str:
    """Return a word of a list; what a newer server knows, as it is."""
    return say(words[name]) if name in words else name
