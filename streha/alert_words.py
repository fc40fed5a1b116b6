"""An alert in words on the terminal: what it is, who raised it, who was called and who accepted."""

from __future__ import annotations

from alerts.texts import EVENT_TEXTS, REASON_TEXTS
from alerts.vocabulary import Event, Status, Through
from client.answers import Alert
from core.texts import mark
from streha import terminal
from streha.card_words import print_alert_cards
from streha.personal import Names
from streha.terminal import say

STATES = {
    "open": mark("open"),
    "accepted": mark("accepted"),
    "unanswered": mark("UNANSWERED"),
    "stood_down": mark("ended"),
}
TIERS = {
    1: mark("leaders"),
    2: mark("duty desk"),
    3: mark("deputies"),
    4: mark("members"),
}


def title(alert: Alert) -> str:
    """Return what an alert is called: the codename, and plainly whether it is an exercise."""
    return f"{say(mark('EXERCISE'))} {alert.codename}" if alert.status == Status.EXERCISE else alert.codename


def raised_by(alert: Alert, names: Names) -> str:
    """Return who raised an alert, and with which device that can only raise; where that is nobody's, its agency."""
    if alert.raised_through == Through.CLOCK:
        return say(mark("the clock"))
    if alert.raised_with is None:
        return names(alert.raised_by)
    return f"{names(alert.raised_by or alert.raised_with.agency)} ({alert.raised_with.device})"


def words_of(texts: dict[str, str], word: str) -> str:
    """Return the words for a name, or the name where this version knows none."""
    return say(texts[word]) if word in texts else word


def print_conversations(alert: Alert, names: Names) -> None:
    """Print who spoke to whom and when."""
    for each in alert.conversations:
        terminal.line(
            mark("{person} spoke to {other} at {time}."),
            person=names(each.spoken_by),
            other=names(each.spoken_with),
            time=terminal.moment(each.spoken_at),
        )


def _print_raise(alert: Alert, names: Names) -> None:
    time = terminal.moment(alert.sent)
    if alert.claimed_by is not None and alert.event == Event.DURESS:
        terminal.line(
            mark(
                "Written {time} as {person} from a device that could not be checked: NOT VERIFIED. Act as if it were "
                "true."
            ),
            time=time, person=names(alert.claimed_by),
        )  # fmt: skip
    elif alert.claimed_by is not None:
        terminal.line(
            mark("By telephone {time}, from the number of {person}: NOT VERIFIED. A number can be forged."),
            time=time, person=names(alert.claimed_by),
        )  # fmt: skip
    else:
        terminal.line(mark("Raised {time} by {person}."), time=time, person=raised_by(alert, names))


def print_alert(alert: Alert, names: Names, police: list[str]) -> None:
    """Print everything that is known of an alert; `police` are the lines about calling the police."""
    terminal.plain(f"{title(alert)}: {words_of(EVENT_TEXTS, alert.event)}", style="bold")
    _print_raise(alert, names)
    if alert.instruction and alert.stood_down_at is None:
        terminal.plain(alert.instruction)
    terminal.line(mark("State: {state}"), state=words_of(STATES, alert.state))
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
    print_alert_cards(alert, names)
    print_conversations(alert, names)
    if alert.stood_down_at is not None:
        terminal.line(
            mark("Ended {time} by {person}: {reason}."),
            time=terminal.moment(alert.stood_down_at),
            person=names(alert.stood_down_by),
            reason=words_of(REASON_TEXTS, alert.stand_down_reason or ""),
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
                names(each.person), names(each.agency), say(TIERS.get(each.tier, str(each.tier))),
                terminal.moment(each.acknowledged_at) + (f" ({by_telephone})" if each.by_telephone else ""),
            )
            for each in alert.recipients
        ],
    )  # fmt: skip
