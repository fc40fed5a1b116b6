"""What the board says of Streha itself: whether it is on hold after a restore, and whether calling people is proven."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from playwright.async_api import expect

from cases import hold
from cases.hold import Why
from tests.console.browsers import Browsers, Machine
from tests.console.screen import ANYTHING
from tests.console.serving import ServedConsole
from tests.people import Network, Scene

pytestmark = pytest.mark.slow

ON_HOLD = (
    "Streha was restored from a backup and is on hold since {time}. Alerts from before call nobody: ring their people. "
    "New alerts call as always."
)
CAME_ROUND = "The self-test last came round"
NEVER = "The self-test has never come round yet."
DO_NOT_RELY = "Do not rely on it: ring people by telephone, and tell the operator."


async def test_a_hold_stands_above_everything_else_until_somebody_resumes(
    browsers: Browsers, network: Network, story: Scene, language: str
) -> None:
    async with network.database.transaction() as tx:
        await hold.begin(tx, Why.HEAD_LOST, network.clock.now(), place=None, lost=None)
    screen = await browsers.board_of(story.coordinator, Machine(language=language))
    await expect(screen.text(ON_HOLD, time=ANYTHING)).to_be_visible()
    async with network.database.transaction() as tx:
        await tx.run("UPDATE hold SET since = NULL, why = NULL")
    after = await browsers.board_of(story.deputy, Machine(language=language))
    await expect(after.region("Last proven")).to_be_visible()
    await expect(after.text(ON_HOLD, time=ANYTHING)).to_have_count(0)


async def test_the_self_test_is_told_of_as_it_stands(
    browsers: Browsers, console: ServedConsole, network: Network, story: Scene, language: str
) -> None:
    """The states follow each other on boards that are opened one after the other."""

    async def begun(*, proven: bool) -> None:
        now = network.clock.now()
        async with network.database.transaction() as tx:
            await tx.run(
                "INSERT INTO proofs (id, begun_at, proven_at) VALUES ($1, $2, $3)",
                uuid4(),
                now,
                now if proven else None,
            )

    async def told(present: tuple[str, ...], absent: tuple[str, ...]) -> None:
        screen = await browsers.board_of(story.coordinator, Machine(language=language))
        region = screen.region("Last proven")
        for each in present:
            await expect(region).to_contain_text(screen.words(each))
        for each in absent:
            await expect(region).not_to_contain_text(screen.words(each))

    # Where no proof ever began it was not set up, and nothing is said of it.
    await told((), (CAME_ROUND, NEVER, DO_NOT_RELY))
    await begun(proven=False)
    await told((NEVER, DO_NOT_RELY), (CAME_ROUND,))
    await begun(proven=True)
    await told((CAME_ROUND,), (NEVER, DO_NOT_RELY))
    console.clock.move(timedelta(minutes=13))
    await told((CAME_ROUND, DO_NOT_RELY), (NEVER,))
