"""What is made of the seconds that were measured: pure functions over numbers.

A shared machine is slow for a while and fast for a while. Measures therefore take turns, and a ratio is
taken within each turn before the median is: both of its sides met the same machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The middle of several numbers, and how far they lie apart."""

    median: float
    low: float
    high: float


def spread(numbers: Sequence[float]) -> Spread:
    """Return the median, the smallest and the largest of at least one number."""
    if not numbers:
        raise ValueError("there is no spread of no numbers")
    return Spread(median=median(numbers), low=min(numbers), high=max(numbers))


def percentile(numbers: Sequence[float], percent: int) -> float:
    """Return the smallest number that so many percent of all numbers do not exceed."""
    if not numbers:
        raise ValueError("there is no percentile of no numbers")
    return sorted(numbers)[max(1, math.ceil(len(numbers) * percent / 100)) - 1]


def ratio(measured: Sequence[float], floor: Sequence[float]) -> Spread:
    """Return how many times its floor a measure took, turn by turn."""
    return spread([above / below for above, below in zip(measured, floor, strict=True)])


def turns(names: Sequence[str], rounds: int) -> list[tuple[str, ...]]:
    """Return the order of the measures in each round; each round begins one measure later than the last.

    So no measure always follows the same other one, whose remains the machine may still be busy with.
    """
    starts = (number % len(names) for number in range(rounds))
    return [(*names[start:], *names[:start]) for start in starts]
