"""Whoever writes, reads, removes and re-keys in whatever order: what the vault promises holds, on real machines.

A Hypothesis state machine over the served API and PostgreSQL. The model is written from docs/protocol.md and not taken
from the program: which versions follow which, who is a member, who has read what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as how
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from agencies.model import Person
from cases.model import Part
from cases.trust.deeds import Add, Remove
from core.database import connect
from core.errors import Conflict, NotFound
from core.settings import Settings
from tests.clock import MovableClock
from tests.people import Network, Scene
from tests.served import serve_api
from tests.vault_clients import found
from tests.vault_machines import Machine, machine

T = TypeVar("T")
EXAMPLES, STEPS = 5, 14
PEOPLE = 4


@dataclass(kw_only=True)
class Text:
    """What somebody wrote, by the model: what it follows."""

    text: bytes
    follows: frozenset[bytes]


@dataclass(kw_only=True)
class Model:
    """What must be so."""

    members: set[int] = field(default_factory=set)
    # By the hash of each version's entry; and what each person has read last.
    written: dict[bytes, Text] = field(default_factory=dict)
    read: dict[int, frozenset[bytes]] = field(default_factory=dict)

    @property
    def current(self) -> frozenset[bytes]:
        """What no other follows."""
        followed = frozenset(each for text in self.written.values() for each in text.follows)
        return frozenset(self.written) - followed


class World:
    """A town whose API is served, driven from outside the loop."""

    def __init__(self, url: str, settings: Settings, clock: MovableClock, folder: Path) -> None:
        self.runner = asyncio.Runner()
        self._settings = settings
        self._url = url
        self._folder = folder
        self.clock = clock
        self.cases = 0
        self.runner.run(self._open())

    async def _open(self) -> None:
        self._entered = AsyncExitStack()
        database = await self._entered.enter_async_context(connect(self._url))
        self.network = Network(database, self.clock)
        self.scene: Scene = await self.network.scene()
        self.api = await self._entered.enter_async_context(serve_api(self.network, self._settings, self._folder))
        scene = self.scene
        self.founded = await found(self.api, scene.shelter, scene.police, scene.welfare, scene.ngo)

    async def machines(self) -> tuple[bytes, list[Person], list[Machine]]:
        """Open another case, and give its people machines of their own."""
        scene, self.cases = self.scene, self.cases + 1
        people = [scene.coordinator, scene.deputy, scene.member, scene.ngo.worker]
        case = await self.network.case(
            scene.coordinator, {scene.police: Part.RESPONDER, scene.welfare: Part.RESPONDER, scene.ngo: Part.INFORMED},
            people[2:], scene.deputy,
        )  # fmt: skip
        folder = self._folder / str(self.cases)
        machines = [await self._entered.enter_async_context(machine(self.founded, each, folder)) for each in people]
        await machines[0].open_(case, case.core.id, scene.deputy)
        return case.core.id.bytes, people, machines

    def close(self) -> None:
        """Leave it all."""
        self.runner.run(self._entered.aclose())
        self.runner.close()


class VaultMachine(RuleBasedStateMachine):
    """Two who lead, and two members, at one record."""

    world: World

    @initialize()
    def a_record(self) -> None:
        self.core, self.people, self.machines = self._run(self.world.machines())
        self.model = Model(members=set(range(PEOPLE)))
        put = self._run(self.machines[0].records.put(self.core, b"first"))
        self.record = put.record.bytes
        self.model.written[put.hash] = Text(text=b"first", follows=frozenset())
        self.model.read[0] = frozenset({put.hash})
        self.count = 0

    @rule(by=st.integers(0, PEOPLE - 1))
    def somebody_reads(self, by: int) -> None:
        if by not in self.model.members:
            with pytest.raises(NotFound):
                self._run(self.machines[by].records.get(self.core, self.record))
            return
        opened, _ = self._run(self.machines[by].records.get(self.core, self.record))
        assert {each.version.hash: each.text for each in opened} == {
            each: self.model.written[each].text for each in self.model.current
        }
        self.model.read[by] = self.model.current

    @rule(by=st.integers(0, PEOPLE - 1), beside=st.booleans())
    def somebody_writes(self, by: int, beside: bool) -> None:  # noqa: FBT001 (Hypothesis passes by name)
        self.count += 1
        text = f"text {self.count}".encode()
        writing = self.machines[by].records.put(self.core, text, record=self.record, beside=beside)
        read = self.model.read.get(by, frozenset())
        if by not in self.model.members:
            with pytest.raises(NotFound):
                self._run(writing)
            return
        unread = not self.model.current <= read
        if unread and not (beside and read):
            with pytest.raises(Conflict, match="have not read"):
                self._run(writing)
            return
        put = self._run(writing)
        self.model.written[put.hash] = Text(text=text, follows=read if unread else self.model.current)
        self.model.read[by] = frozenset({put.hash})
        assert {each.hash for each in put.beside} == self.model.current - {put.hash}

    @rule(one=st.integers(0, PEOPLE - 1), other=st.integers(0, PEOPLE - 1))
    def two_write_at_once(self, one: int, other: int) -> None:
        """Both have read all; one comes first, the other is told, and nothing is lost."""
        if one == other or not {one, other} <= self.model.members:
            return
        self.somebody_reads(one)
        self.somebody_reads(other)
        self.count += 1
        texts = [f"text {self.count} of {each}".encode() for each in (one, other)]
        ended = self._run(self._at_once(one, other, texts))
        done = [
            (each, text, put) for each, text, put in zip((one, other), texts, ended, strict=True) if put is not None
        ]
        assert len(done) == 1
        ((by, text, hashed),) = done
        self.model.written[hashed] = Text(text=text, follows=self.model.current)
        self.model.read[by] = frozenset({hashed})

    @rule(by=st.integers(0, 1), who=st.integers(2, PEOPLE - 1))
    def a_leader_lets_somebody_in_or_out(self, by: int, who: int) -> None:
        person = self.people[who].id.bytes
        inside = who in self.model.members
        decided = self._run(
            self.machines[by].circles.decide(
                self.core, lambda _at: Remove(person=person) if inside else Add(person=person)
            )
        )
        assert decided.keyed
        self.model.members ^= {who}

    @rule(who=st.integers(2, PEOPLE - 1))
    def both_leaders_remove_at_once(self, who: int) -> None:
        if who not in self.model.members:
            return
        person = self.people[who].id.bytes
        ended = self._run(self._both_remove(person))
        # One of them did; the other was told that it is done.
        assert sorted(ended) == [False, True]
        self.model.members -= {who}

    @invariant()
    def whoever_leads_sees_what_the_model_says(self) -> None:
        for each in self.machines[:2]:
            view = self._run(each.reader.refresh(self.core))
            assert view.compartment.records.current[self.record] == self.model.current
            members = {self.people[who].id.bytes for who in self.model.members}
            assert view.circle.members == members
            # Nobody else has the key that is written under from now on.
            assert not view.circle.epoch or view.circle.granted == members
            assert view.due == ()

    async def _at_once(self, one: int, other: int, texts: list[bytes]) -> list[bytes | None]:
        async def write(by: int, text: bytes) -> bytes | None:
            try:
                return (await self.machines[by].records.put(self.core, text, record=self.record)).hash
            except Conflict:
                return None

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(write(by, text)) for by, text in zip((one, other), texts, strict=True)]
        return [each.result() for each in tasks]

    async def _both_remove(self, person: bytes) -> list[bool]:
        async def remove(by: int) -> bool:
            try:
                await self.machines[by].circles.decide(self.core, lambda _at: Remove(person=person))
            except Conflict:
                return False
            return True

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(remove(by)) for by in (0, 1)]
        return [each.result() for each in tasks]

    def _run(self, doing: Coroutine[Any, Any, T]) -> T:
        return self.world.runner.run(doing)


def test_what_the_vault_promises_holds_whoever_does_what(
    database_url: str, settings: Settings, clock: MovableClock, tmp_path: Path
) -> None:
    world = World(database_url, settings, clock, tmp_path)
    VaultMachine.world = world
    try:
        run_state_machine_as_test(
            VaultMachine,
            settings=how(
                max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
    finally:
        world.close()
