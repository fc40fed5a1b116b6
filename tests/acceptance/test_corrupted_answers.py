"""Whatever answers a homeserver gives for a while: afterwards a panic is raised and read, and nobody acted unasked.

Hypothesis draws what happens to which answers while a panic is pressed; the same examples in every run, on one
stack. A failure prints the seed and everything that the homeserver did.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from alerts.vocabulary import Through
from deploy.witness import WitnessError
from tests.acceptance.conftest import Town
from tests.acceptance.siege import PATIENCE, THOROUGH, Place, Siege, besieged
from tests.adverse_homeserver import PARTS, Rule, What

pytestmark = [pytest.mark.slow, pytest.mark.long]

EXAMPLES = 300 if THOROUGH else 6
# How long the bot is left alone with such a homeserver, at least until it has met every rule.
TROUBLED_SECONDS = 3.0
# These are asked when a room is made or staffed, so one is made.
WHEN_A_ROOM_IS_MADE = {"createRoom", "invite", "members", "joined_rooms", "state", "joined_members", "keys/claim"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One example. A rule is made anew from its plan: it is used up."""

    plans: tuple[tuple[str, What, int, int], ...]
    seed: int
    killed: bool

    def rules(self) -> list[Rule]:
        return [Rule(part=part, what=what, times=times, status=status) for part, what, times, status in self.plans]

    @property
    def makes_a_room(self) -> bool:
        return not WHEN_A_ROOM_IS_MADE.isdisjoint(part for part, _what, _times, _status in self.plans)


troubles = st.builds(
    Trouble,
    plans=st.lists(
        st.tuples(
            # News carry everything, so they go wrong most often.
            st.sampled_from(sorted([*PARTS, "sync", "sync", "keys/query", "send", "joined_members"])),
            st.sampled_from([what for what in What if what is not What.FORGE]),
            # A connection that is cut once is opened again by the client itself.
            st.integers(1, 3),
            st.sampled_from((500, 502, 429, 404, 403, 401, 400, 302, 200)),
        ),
        min_size=1,
        max_size=4,
    ).map(tuple),
    seed=st.integers(0, 2**32 - 1),
    killed=st.sampled_from((False,) * 7 + (True,)),
)


class Story:
    """What goes on from one example to the next. No dataclass: Hypothesis would print all that it holds."""

    def __init__(self, siege: Siege, place: Place) -> None:
        self.siege = siege
        self.place = place


@pytest.fixture(scope="module")
async def story(town: Town) -> AsyncIterator[Story]:
    async with besieged(town) as siege:
        yield Story(siege, await siege.place())


@given(trouble=troubles)
@settings(max_examples=EXAMPLES, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
async def test_after_any_answers_a_panic_is_raised_and_read(story: Story, trouble: Trouble) -> None:
    siege, before = story.siege, await story.siege.done_in(story.place)
    ana, sara = await siege.readers()
    heard = len(ana.messages)
    await siege.relieve()
    siege.proxy.adopt(*trouble.rules(), seed=trouble.seed)
    async with asyncio.TaskGroup() as tasks:
        made = tasks.create_task(siege.place()) if trouble.makes_a_room else None
        await _press(siege, story.place, trouble)
        siege.proxy.calm()
        if trouble.killed and not siege.town.network.role_is_running("bots"):
            # What cannot begin on such answers ends with a clear word; whoever runs it starts it again.
            await siege.start_bot_again()
    note(siege.proxy.told())
    assert siege.town.network.role_is_running("bots")
    # It may have been made anew.
    here = await siege.found_again(story.place)
    # Keys that were lost on the way are lost: what follows comes with new ones.
    await sara.discard(here.room)
    if (await siege.done_in(here)).presses == before.presses:
        # It may still be on its way.
        await siege.heard_out(here)
    if await siege.open(here):
        await siege.end(here)
        await ana.wait_for("false alarm", here.room, PATIENCE, after=heard)
    # It was raised or it was not; nothing else has come of it.
    assert (await siege.done_in(here)).presses <= before.presses + 1
    story.place = made.result() if made else here
    await _a_new_panic_is_raised_and_read(siege, story.place)
    # Each alert is told once; what is said again says so.
    of_here = f"ALERT, {here.case.codename}:"
    told = [each for each in ana.messages[heard:] if each.room_id == here.room and each.body.startswith(of_here)]
    assert len(told) <= (await siege.done_in(here)).alerts - before.alerts
    assert not [each for each in siege.proxy.asked if each.part == "send" and "/m.room.encrypted/" not in each.path]


async def _press(siege: Siege, place: Place, trouble: Trouble) -> None:
    """Press, and let the bot do its work for a while with a homeserver that is like this."""
    ana, sara = await siege.readers()
    before = len(ana.messages)
    if trouble.killed:
        await siege.start_bot_again()
    await sara.send(place.room, "panic")
    # It may be read, and it may not: that depends on the homeserver alone.
    with suppress(WitnessError):
        await ana.wait_for("ALERT", place.room, TROUBLED_SECONDS, after=before)


async def _a_new_panic_is_raised_and_read(siege: Siege, place: Place) -> None:
    ana, sara = await siege.readers()
    await sara.discard(place.room)
    before, heard = await siege.done_in(place), len(ana.messages)
    view = await siege.raised_and_read(place)
    done = await siege.done_in(place)
    assert view.alert.raised_through is Through.CHANNEL
    assert (done.alerts, done.presses) == (before.alerts + 1, before.presses + 1)
    assert (done.accepted, done.ended) == (before.accepted, before.ended)
    await siege.end(place)
    await ana.wait_for("false alarm", place.room, PATIENCE, after=heard)
