"""What happens in one run of a storm: which faults, when and how long, who presses where; all of it from one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum

# In so many seconds everything of a run begins; a fault lasts for at most so many more.
BEGINS_WITHIN = 3.0
LASTS_AT_MOST = 2.5
PLACES = 3


class Fault(StrEnum):
    """What can happen to the town."""

    ENGINE_KILLED = "engine killed"
    BOT_KILLED = "bot killed"
    DATABASE_CRASHED = "database crashed"
    DATABASE_FAILED_OVER = "database failed over"
    HOMESERVER_CRASHED = "homeserver crashed"
    HOMESERVER_REFUSES = "homeserver refuses"
    HOMESERVER_SLOW = "homeserver slow"
    HOMESERVER_CUTS = "homeserver cuts"
    CLOCK_AHEAD = "clock ahead"
    CLOCK_BACK = "clock back"
    CLOCK_CHANGES = "clock crosses a change of summer time"


_DATABASE = frozenset({Fault.DATABASE_CRASHED, Fault.DATABASE_FAILED_OVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stroke:
    """One fault, when it begins, and how long it lasts."""

    fault: Fault
    at: float
    lasts: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Somebody calls for help: in the room, or from their own machine."""

    place: int
    at: float
    in_room: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens in one run."""

    seed: int
    strokes: tuple[Stroke, ...]
    presses: tuple[Press, ...]
    # In each place somebody is on the way: when their first step is due.
    missed: tuple[float, ...]


def planned(seed: int) -> Plan:
    """Return what happens in the run of a seed. Each kind of fault comes first in its turn."""
    chosen = random.Random(seed)  # noqa: S311 (to be repeatable)
    faults = [list(Fault)[seed % len(Fault)]]
    for _ in range(chosen.randint(0, 2)):
        another = chosen.choice(list(Fault))
        if another not in faults and not (another in _DATABASE and _DATABASE & set(faults)):
            faults.append(another)
    strokes = [
        Stroke(fault=each, at=chosen.uniform(0, BEGINS_WITHIN), lasts=chosen.uniform(0.1, LASTS_AT_MOST))
        for each in faults
    ]
    presses = [
        Press(place=place, at=chosen.uniform(0, BEGINS_WITHIN), in_room=chosen.random() < 0.5)
        for place in range(PLACES)
        for _ in range(chosen.choice((0, 1, 1, 2)))
    ]
    presses = presses or [Press(place=0, at=chosen.uniform(0, BEGINS_WITHIN), in_room=True)]
    # Drawn after everything else: a seed means what it meant before.
    missed = tuple(chosen.uniform(0.5, BEGINS_WITHIN) for _ in range(PLACES))
    return Plan(seed=seed, strokes=tuple(strokes), presses=tuple(presses), missed=missed)
