"""Emergency cards in words on the terminal: how it stands with each desk's, and what whoever accepts does next."""

from __future__ import annotations

from uuid import UUID

from alerts.duress.texts import NO_CARD
from alerts.vocabulary import Event
from client.answers import Alert
from client.card_answers import CardOfCompartment
from client.cards import OpenedCard
from client.known_keys import Met
from core.texts import mark
from crypto import desk_key
from streha import terminal
from streha.personal import Names
from streha.terminal import say

STATES = {
    "sealed": mark("there"),
    "old": mark("OLD: sealed to a former key"),
    "missing": mark("MISSING"),
}


def state_words(state: str, key: bytes | None = b"") -> str:
    """Return how it stands with a desk's card; where the desk has no key, that."""
    if key is None:
        return say(mark("MISSING: the desk has no key"))
    return say(STATES[state]) if state in STATES else state


def accepted_lines(alert: Alert, agency_id: UUID) -> list[str]:
    """Return what somebody of an agency is told of its desk's card when they have accepted an alert."""
    mine = {each.state for each in alert.cards if each.agency == agency_id}
    if mine and "sealed" not in mine and alert.event == Event.DURESS:
        return [say(NO_CARD, codename=alert.codename)]
    if "sealed" in mine:
        text = mark(
            "There is an emergency card for your agency's desk. Whoever sits there opens it: streha card show {alert} "
            "--desk-key FILE"
        )
    elif "old" in mine:
        text = mark(
            "The emergency card is sealed to a former key of your desk. Try: streha card show {alert} --desk-key FILE. "
            "If it does not open, ring those who lead the case."
        )
    elif mine:
        text = mark("There is NO emergency card for your desk. Ring those who lead the case.")
    else:
        return []
    return [say(text, alert=alert.codename)]


def print_alert_cards(alert: Alert, names: Names) -> None:
    """Print, for an open alert, which desks have a card."""
    for each in alert.cards:
        terminal.line(
            mark("Emergency card, {agency}: {state}"), agency=names(each.agency), state=state_words(each.state)
        )


def print_card(opened: OpenedCard, codename: str) -> None:
    """Print a card that was opened."""
    terminal.plain(say(mark("EMERGENCY CARD {codename}"), codename=codename), style="bold")
    terminal.line(
        mark("Number {number}, written {time} by {person}, signed with the key {fingerprint}"),
        number=opened.number,
        time=terminal.moment(opened.written_at),
        person=opened.author_name,
        fingerprint=desk_key.fingerprint(opened.author_key),
    )
    if opened.met is Met.NEW:
        terminal.line(mark("This machine meets that key for the first time."))
    if opened.met is Met.CHANGED:
        terminal.line(
            mark("NOT the key that {person} signed with before. This may be false."), person=opened.author_name
        )
    if not opened.stands:
        terminal.line(
            mark(
                "Whoever signed it has that key no more, or is gone. It may be older than that, or false: ring whoever "
                "leads the case before you go by it."
            )
        )
    if opened.former_key:
        terminal.line(mark("It is sealed to a former key of the desk: whoever leads the case should seal it again."))
    for heading, text in (
        (mark("Who"), opened.text.who),
        (mark("Where expected"), opened.text.where),
        (mark("Whom to ring"), opened.text.ring),
        (mark("Do, and do not"), opened.text.rules),
    ):
        terminal.plain("")
        terminal.plain(say(heading), style="bold")
        terminal.plain(text or say(mark("nothing was written")))


def print_compartment(card: CardOfCompartment, codename: str, names: Names) -> None:
    """Print how it stands with the card of a compartment."""
    if card.number and card.written_at is not None:
        terminal.line(
            mark("{codename}: card {number}, written {time} by {person}."),
            codename=codename, number=card.number, time=terminal.moment(card.written_at), person=card.author,
        )  # fmt: skip
    else:
        terminal.line(mark("{codename}: NO emergency card."), codename=codename)
    terminal.table(
        [mark("Duty desk"), mark("Card"), mark("Fingerprint of its key")],
        [
            (
                names(each.agency), state_words(each.state, each.key),
                "" if each.key is None else desk_key.fingerprint(each.key),
            )
            for each in card.desks
        ],
    )  # fmt: skip
    for each in card.desks:
        if each.renew_since is not None:
            terminal.line(
                mark("{agency}: since {time} somebody who may hold the key sits there no more. A new key is due."),
                agency=names(each.agency), time=terminal.moment(each.renew_since),
            )  # fmt: skip
        if each.excluded_sits:
            terminal.line(
                mark("{agency}: somebody excluded sits at this desk and may hold its key. Nothing is given to them."),
                agency=names(each.agency),
            )
