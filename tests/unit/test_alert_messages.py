"""What alerts say: the lock screen learns nothing, a drill is never mistaken, every text has its words."""

from __future__ import annotations

import string

import pytest

from alerts.devices.places import TEXTS as DEVICE_TEXTS
from alerts.texts import EVENT_TEXTS, REASON_TEXTS, TEXTS
from alerts.vocabulary import Event, StandDownReason
from safety_plans.messages import TEXTS as REVIEW_TEXTS

PARAMETERS = {
    "codename", "device", "time", "person", "event", "other", "agencies", "reason", "count", "police", "ambulance",
}  # fmt: skip
RINGS = {
    "alert_ring": "Streha: alert, open the app",
    "drill_ring": "Streha: exercise, open the app",
    "alert_hand_over_ring": "Streha: alert to take over, open the app",
    "drill_hand_over_ring": "Streha: EXERCISE to take over, open the app",
}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_what_rings_is_neutral() -> None:
    assert {name: text for name, text in TEXTS.items() if name.endswith("_ring")} == RINGS
    assert not placeholders(REVIEW_TEXTS["review_ring"])


@pytest.mark.parametrize("name", [name for name in TEXTS if name.startswith("alert_")])
def test_a_drill_says_everything_a_real_alert_does_and_that_it_is_one(name: str) -> None:
    drill = TEXTS[name.replace("alert_", "drill_")]
    if not name.endswith("_ring"):
        assert drill.startswith("EXERCISE, ")
    assert "EXERCISE" not in TEXTS[name]
    assert "exercise" not in TEXTS[name].lower()
    # A drill never sends anybody to the police.
    assert placeholders(TEXTS[name]) - {"police"} == placeholders(drill)
    assert ("ack {codename}" in TEXTS[name]) is ("ack {codename}" in drill)


def test_only_known_parameters_are_used() -> None:
    for text in (*TEXTS.values(), *DEVICE_TEXTS.values(), *REVIEW_TEXTS.values()):
        assert placeholders(text) <= PARAMETERS


def test_every_event_and_reason_has_words() -> None:
    assert EVENT_TEXTS.keys() == {each.value for each in Event}
    assert REASON_TEXTS.keys() == {each.value for each in StandDownReason}
