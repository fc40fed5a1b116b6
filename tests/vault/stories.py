"""Stories as vectors: what the tests of the rules try, statement by statement, for every other program to try too."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from crypto.vault import log, statement
from crypto.vault.log import Kind
from tests.unit import (
    test_trusted_circles,
    test_trusted_directory,
    test_trusted_records,
    test_who_could_have_known,
)  # fmt: skip
from tests.unit.test_trusted_circles import ANA, COMPARTMENT, a_story
from tests.unit.test_trusted_directory import NOW, a_network
from tests.unit.test_trusted_records import a_shelf
from tests.vault import knowing

Steps = list[tuple[Kind, bytes]]


def stories() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return the name of each story, and what is given to whoever tells it anew."""
    for module, wanted in (
        (test_trusted_directory, "network"), (test_trusted_circles, "story"), (test_trusted_records, "shelf"),
    ):  # fmt: skip
        for name, steps in _told(module, wanted):
            (_kind, genesis), *rest = steps
            if module is test_trusted_circles:
                rest += _beyond(genesis)
            yield name, {
                "genesis": genesis.hex(), "compartment": COMPARTMENT.hex(), "now": NOW,
                "steps": [[int(kind), made.hex()] for kind, made in rest],
            }  # fmt: skip


def known_stories() -> Iterator[tuple[str, dict[str, Any]]]:
    """Return each story of who could have known, with each thing that is asked of it."""
    for name, ((_kind, genesis), *rest) in _told(test_who_could_have_known, "shelf"):
        story = {
            "genesis": genesis.hex(), "compartment": COMPARTMENT.hex(),
            "steps": [[int(kind), made.hex()] for kind, made in rest],
        }  # fmt: skip
        for question, given in knowing.asked():
            yield f"{name}; {question}", story | given


def _beyond(genesis: bytes) -> Steps:
    """Return what says that it has seen a directory that goes on, and one that is another."""
    network = statement.hash_of(genesis)
    return [
        (
            Kind.MEMBERSHIP,
            statement.make(
                ANA.seed, Kind.MEMBERSHIP.purpose, network,
                log.body(
                    log=COMPARTMENT, number=0, after=log.START, at=NOW, by=ANA.id, do="close", particulars={},
                    seen=[log.Head(kind=Kind.DIRECTORY, log=bytes(16), number=number, hash=bytes(32))],
                ),
            ),
        )
        for number in (0, 1000)
    ]  # fmt: skip


def _told(module: ModuleType, wanted: str) -> Iterator[tuple[str, Steps]]:
    for name, test in vars(module).items():
        if not name.startswith("test_") or next(iter(inspect.signature(test).parameters), "") != wanted:
            continue
        for told, more in _cases(test):
            network, story = a_network(), a_story()
            if wanted == "network":
                test(network, **more)
            else:
                test(a_shelf(story) if wanted == "shelf" else story, **more)
            steps = network.steps if wanted == "network" else story.steps
            if len(steps) > 1:
                yield name.removeprefix("test_").replace("_", " ") + told, steps


def _cases(test: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return what a test is tried with besides, once for each of its parameters, and how each case is told apart."""
    marks = [each for each in getattr(test, "pytestmark", ()) if each.name == "parametrize"]
    if not marks:
        yield "", {}
    for mark in marks:
        names, values = mark.args
        for number, value in enumerate(values):
            given = dict(zip(names, value, strict=True)) if isinstance(names, tuple) else {names: value}
            yield f", {value if isinstance(value, str) else number}", given
