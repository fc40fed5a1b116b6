"""An alert to forty encrypted rooms of four: from the commit of its outbox rows to the last event accepted."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from tests.bench.alerting import BARE, COLD, ORDINARY, SYNCING, WARM, WARMED, prepared
from tests.bench.row import Comparison, Measure, Row

ROOMS, TINY_ROOMS = 40, 3
MEASURES = (WARM, BARE, ORDINARY, COLD, WARMED, SYNCING)


def _prepared(directory: Path, tiny: bool) -> AbstractAsyncContextManager[Mapping[str, Measure]]:  # noqa: FBT001 (see Row)
    return prepared(directory, rooms=TINY_ROOMS if tiny else ROOMS, devices=1, tiny=tiny, chosen=MEASURES)


ROW = Row(
    name="alert-to-rooms",
    title="Alert to 40 encrypted rooms of four: commit to last event accepted",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=WARM, floor=BARE, at_most=1.15),
        Comparison(measure=COLD, floor=BARE, at_most=1.7),
        Comparison(measure=WARMED, floor=BARE, at_most=1.15),
        Comparison(measure=WARMED, floor=WARM),
        Comparison(measure=WARM, floor=ORDINARY),
        Comparison(measure=SYNCING, floor=BARE),
    ),
    notes=(
        "80 events each time: in every room the ring, then the details. One device a person.",
        f"{WARM}: the bot's delivery, every member's device holds the room's key already.",
        f"{SYNCING}: the same while the bot also listens, as it does at work.",
        f"{COLD}: after a restart, members to ask for and every room's key to share anew.",
        f"{WARMED}: after a restart, once keys were given out ahead, which is not counted.",
        f"{BARE}: bodies of the same sizes, as many connections, nothing else done.",
        f"{ORDINARY}: plain matrix-nio, room_send room after room. Its first time shares its keys.",
    ),
)
