"""What is said of safe-calls: a codename, a time, and what to do; never who it is, nor where."""

from __future__ import annotations

from agencies.model import PersonId
from core.outbox import Message
from core.texts import mark
from operations import messages
from operations.safe_calls.model import SafeCall

TEXTS = {
    "safe_call_planned": mark(
        "{codename}: somebody is expected to be heard from by {time}, planned by {person}. Whoever hears from them "
        "writes: heard {codename}"
    ),
    "safe_call_prompt": mark(
        "{codename}: NOT HEARD FROM yet, expected by {time}. Ring them now. When you have heard from them write: heard "
        "{codename}\nIn danger write: panic"
    ),
    "safe_call_late": mark(
        "{codename}: NOT HEARD FROM since {time}. {person}: ring them now, and have somebody look where they are. When "
        "heard from, write: heard {codename}"
    ),
    "safe_call_late_police": mark(
        "{codename}: STILL NOT HEARD FROM since {time}. One of you calls the police now: {police}. Say who called by "
        "writing: {police} me"
    ),
    "safe_call_heard": mark("{codename}: heard from at {time}, writes {person}."),
    "safe_call_next": mark("{codename}: expected again by {time}."),
    "safe_call_over": mark("{codename}: called off by {person}. Nobody is expected to be heard from any more."),
    "safe_call_case_closed": mark(
        "{codename}: the case was closed while somebody is expected to be heard from. NOBODY LISTENS for it any more. "
        "{person}: ring them, and agree how to go on."
    ),
}


def told(call: SafeCall, template: str, cause: str, by: PersonId | None = None) -> Message:
    """Return what the channel hears, with the time by which somebody is expected."""
    return messages.told(call, template, cause, by, at=call.due_at)


def heard(before: SafeCall, call: SafeCall) -> list[Message]:
    """Return what the channel hears where somebody was heard from, and by when they are expected next."""
    at = call.heard_at
    cause = f"heard:{at and at.isoformat()}"
    said = [messages.told(call, "safe_call_heard", cause, call.heard_by, at=at)]
    if call.due_at is not None:
        said.append(told(call, "safe_call_next", f"{cause}:next"))
    return said if before != call else []


def cause_of(call: SafeCall, what: str) -> str:
    """Return what makes something said of a time one."""
    return f"{call.id}:{what}:{'' if call.due_at is None else call.due_at.isoformat()}"
