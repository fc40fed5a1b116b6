"""What is said of emergency cards: to whoever accepts in a room, whether one is there and how it is opened.

Never in it: a word of the card, nor the card. It is opened on the desk's machine.
"""

from __future__ import annotations

from agencies.model import PersonId
from alerts.cards.rules import CardState
from alerts.messages import notice
from alerts.model import Alert
from core.outbox import Message, Target
from core.texts import mark

TEXTS = {
    "alert_card_sealed": mark(
        "{codename}: there is an emergency card for your desk. On the desk's machine: streha card show {codename}"
    ),
    "alert_card_old": mark(
        "{codename}: the emergency card is sealed to a former key of your desk. Try on the desk's machine: "
        "streha card show {codename}\nIf it does not open, ring those who lead the case."
    ),
    "alert_card_missing": mark(
        "{codename}: there is NO emergency card for your desk. Ring those who lead the case."
    ),
    "drill_card_sealed": mark(
        "EXERCISE, {codename}: there is an emergency card for your desk. Practise on the desk's machine: "
        "streha card show {codename}"
    ),
    "drill_card_old": mark(
        "EXERCISE, {codename}: the emergency card is sealed to a former key of your desk. Try on the desk's machine: "
        "streha card show {codename}\nIf it does not open, tell those who lead the case."
    ),
    "drill_card_missing": mark(
        "EXERCISE, {codename}: there is NO emergency card for your desk. Tell those who lead the case."
    ),
}  # fmt: skip


def card_told(alert: Alert, codename: str, room: Target, accepted_by: PersonId, state: CardState) -> Message:
    """Return what is said, once in each ladder, in the room where somebody of a desk accepted."""
    cause = f"card:{accepted_by}:{alert.ladder}"
    return notice(alert, room, f"alert_card_{state}", cause, {"codename": codename})
