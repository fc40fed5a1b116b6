"""What a way of each kind usually has: read on the machine of whoever plans. The server never hears of the kind."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from typing import Any

from agencies.model import PersonId
from core.texts.script import to_cyrillic
from operations.model import MilestoneKind
from operations.planning import Plan, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualStep:
    """A step, how long after the begin it is expected, and what it means on this way, by language."""

    kind: MilestoneKind
    after: timedelta | None
    wording: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """The usual steps of one kind of way, how long it lasts at most, and whether somebody is brought to somebody."""

    kind: str
    name: dict[str, str]
    lasts: timedelta
    hands_over: bool
    steps: Sequence[UsualStep]

    def plan(
        self, begins_at: datetime, coordinator: PersonId, buddy: PersonId, confirmers: Sequence[PersonId],
        liaison: PersonId | None = None, receiver: PersonId | None = None, place_token: bytes | None = None,
    ) -> Plan:  # fmt: skip
        """Return the plan of such a way; the same people confirm each of its steps."""
        steps = [
            Step(
                kind=each.kind, due_at=None if each.after is None else begins_at + each.after,
                confirmers=tuple(confirmers),
            )
            for each in self.steps
        ]  # fmt: skip
        return Plan(
            coordinator_id=coordinator, buddy_id=buddy, liaison_id=liaison, begins_at=begins_at,
            ends_at=begins_at + self.lasts, steps=steps, place_token=place_token, receiver_id=receiver,
        )  # fmt: skip


@cache
def templates() -> dict[str, Template]:
    """Return what is shipped, by kind."""
    found = tomllib.loads(resources.files("operations").joinpath("shipped.toml").read_text(encoding="utf-8"))
    return {kind: _template(kind, told) for kind, told in found.items()}


def _template(kind: str, told: dict[str, Any]) -> Template:
    return Template(
        kind=kind,
        name=_texts(told["name"]),
        lasts=timedelta(hours=told["hours"]),
        hands_over=told.get("hands_over", False),
        steps=[
            UsualStep(
                kind=MilestoneKind(each["kind"]),
                after=timedelta(minutes=each["after"]) if "after" in each else None,
                wording=_texts(each),
            )
            for each in told["steps"]
        ],
    )


def _texts(told: dict[str, Any]) -> dict[str, str]:
    return {"en": told["en"], "sr-Latn": told["sr-Latn"], "sr-Cyrl": to_cyrillic(told["sr-Latn"])}
