"""Exercises over the wire: how soon an agency accepts them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

import msgspec

from agencies.model import AgencyId
from alerts.drills import Figures
from alerts.model import Tier
from server.api.wire import Wire

Seconds = Annotated[float | None, msgspec.Meta(examples=[41.5])]
Number = Annotated[int, msgspec.Meta(examples=[12])]


class DrillFigures(Wire, frozen=True, kw_only=True):
    """How often a tier of an agency was called, how often it never answered, and how soon it did otherwise.

    `p50` and `p95` are seconds from the raise to the first acceptance that half, and 95 in a hundred, of the answered
    calls did not exceed. Without an `hour` it is the whole day, without a `tier` the whole agency.
    """

    agency: AgencyId
    tier: Tier | None
    hour: Annotated[int | None, msgspec.Meta(examples=[3])]
    called: Number
    never_answered: Number
    p50: Seconds
    p95: Seconds


class DrillsAnswer(Wire, frozen=True, kw_only=True):
    """An agency's exercises; hours are those of the network's time zone, in which the raise fell."""

    time_zone: Annotated[str, msgspec.Meta(examples=["Europe/Belgrade"])]
    drills: list[DrillFigures]

    @classmethod
    def of(cls, figures: Iterable[Figures], time_zone: str) -> Self:
        """Return figures as they are sent."""
        return cls(
            time_zone=time_zone,
            drills=[
                DrillFigures(
                    agency=each.agency_id,
                    tier=each.tier,
                    hour=each.hour,
                    called=each.called,
                    never_answered=each.never_answered,
                    p50=each.p50,
                    p95=each.p95,
                )
                for each in figures
            ],
        )
