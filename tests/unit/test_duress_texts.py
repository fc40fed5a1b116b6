"""Whatever an alert can say, it can say for duress: to people alone, and never to ring back."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from alerts import texts
from alerts.cards import messages as card_messages
from alerts.duress import texts as duress_texts
from alerts.police import messages as police_messages
from bots.words.rendering import TEMPLATES
from core.texts import words

CHECKOUT = Path(__file__).parents[2]
SAID = sorted(
    name
    for name in (*texts.TEXTS, *police_messages.TEXTS, *card_messages.TEXTS)
    if name.startswith("alert_") and name != "alert_ring"
)
# What an ordinary alert asks people to do, and would give away whoever is forced.
GIVES_AWAY = re.compile(r"[Rr]ing (back|the person|them yourself|its members)")
# Of these the ordinary sentence speaks of others than who raised it, or cannot be said: nobody from whom it is kept
# takes anything back.
OF_OTHERS = {
    "alert_not_delivered_to_desk", "alert_not_delivered_to_person", "alert_not_delivered_to_compartment",
    "alert_cancel_asked", "alert_cancel_repeated",
}  # fmt: skip
# These say nothing of an alert, or only beside Matrix.
POSTS = {
    "alerts/calling.py", "alerts/devices/places.py", "alerts/devices/service.py", "alerts/duress/discretion.py",
    "alerts/duress/own.py", "alerts/duress/own_case.py", "alerts/duty/ringing.py", "alerts/proof/proving.py",
    "alerts/reaching.py", "alerts/telephone/desk_calls.py", "alerts/waking.py",
}  # fmt: skip


@pytest.mark.parametrize("template", SAID)
def test_each_template_is_there_for_duress_and_says_so(template: str) -> None:
    name = f"duress_{template.removeprefix('alert_')}"
    text = TEMPLATES[name]
    assert "DURESS" in text
    assert "PRINUDA" in words(text, "sr-Latn")
    assert "ПРИНУДА" in words(text, "sr-Cyrl")
    beneath = duress_texts.TOLD.get(name)
    if beneath is None:
        assert not GIVES_AWAY.search(text)
    elif beneath not in OF_OTHERS:
        assert "Do NOT ring who raised it" in text
        assert not GIVES_AWAY.search(TEMPLATES[beneath])


def test_all_that_is_said_of_alerts_leaves_by_the_one_way() -> None:
    found = set()
    for path in sorted((CHECKOUT / "alerts").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and node.attr == "post" and ast.unparse(node.value) == "outbox":
                found.add(str(path.relative_to(CHECKOUT)))
    assert found == POSTS
