"""The running bot gives its keys out before anybody speaks, and calls nobody a holder who has not shown it."""

from __future__ import annotations

import asyncio

import pytest

from core import key_holders
from core.key_holders import KeyState
from deploy.witness import Witness
from tests.acceptance.conftest import Town

pytestmark = pytest.mark.slow

LONGEST_SECONDS = 90.0
# A key that was changed meanwhile, as whenever one of its holders goes, has to be earned anew by another word.
NEXT_WORD_SECONDS = 10.0


async def test_members_are_given_keys_when_they_come_and_earn_them_when_they_write(town: Town) -> None:
    case = await town.open_case()
    room = await town.channel(case)
    ana, mila = await town.witness("ana"), await town.witness("mila")
    await ana.joined(room, mila.user_id)

    async def states() -> dict[str, KeyState]:
        async with town.network.database.reading() as tx:
            told = (await key_holders.holdings(tx, [case.core.id], town.network.clock.now())).get(case.core.id, {})
        return {name: told[town.person(name).id].state for name in ("ana", "mila") if town.person(name).id in told}

    async def until(wanted: dict[str, KeyState], *, speaker: Witness | None = None) -> None:
        seen: list[dict[str, KeyState]] = []
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                while True:
                    if speaker is not None:
                        await speaker.send(room, "Good morning")
                    for _look in range(int(NEXT_WORD_SECONDS * 10)):
                        now = await states()
                        if not seen or seen[-1] != now:
                            seen.append(now)
                        if now == wanted:
                            return
                        await asyncio.sleep(0.1)
        except TimeoutError:
            pytest.fail(f"waited for {wanted}, and saw {seen}")

    # Nobody has said anything in this room, and neither has the bot.
    await until({"ana": KeyState.GIVEN, "mila": KeyState.GIVEN})
    await until({"ana": KeyState.HOLDS, "mila": KeyState.GIVEN}, speaker=ana)
