"""The same alert where everybody has three devices: forty rooms, 360 devices that must hold keys."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.bench.alerting import BARE, COLD, WARM, WARMED, prepared
from tests.bench.row import Comparison, Measure, Row

ROOMS, TINY_ROOMS = 40, 1
DEVICES, TINY_DEVICES = 3, 2
MEASURES = (WARM, BARE, COLD, WARMED)


def _prepared(directory: Path, tiny: bool) -> AbstractAsyncContextManager[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    rooms, devices = (TINY_ROOMS, TINY_DEVICES) if tiny else (ROOMS, DEVICES)
    return prepared(directory, rooms=rooms, devices=devices, tiny=tiny, chosen=MEASURES)


ROW = Row(
    name="alert-to-devices",
    title="Alert to 40 encrypted rooms of four, three devices a person: commit to last event accepted",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=WARM, floor=BARE, at_most=1.15),
        Comparison(measure=COLD, floor=BARE, at_most=1.7),
        Comparison(measure=WARMED, floor=BARE, at_most=1.15),
    ),
    notes=("As alert-to-rooms, with 360 devices instead of 120.",),
)
