"""Metrics: labels say only what is on their lists, nothing unknown is told, and the page tells all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from alerts.model import State
from alerts.telephone.hearing import Outcome
from alerts.vocabulary import Severity, Status, Through
from core import metrics
from core.metrics.__main__ import table
from core.metrics.kinds import ALL, OTHER, REGISTRY, Counter, Gauge, Histogram, Label
from core.outbox import Lane, TargetKind
from tests.scraped import counted, unknown_labels

CHECKOUT = Path(__file__).parents[2]
COLOUR = Label("colour", ("red", "green"))


@pytest.fixture(scope="module")
def counter() -> Counter:
    return Counter("streha_test_paints_total", "Invented.", COLOUR)


def test_what_is_on_no_list_is_told_as_other(counter: Counter) -> None:
    counter.count("red")
    for secret in ("Ana Primer", "/api/cases/7", "red ", ""):
        counter.count(secret, times=2)
    now = counted()
    assert now("streha_test_paints_total", colour="red") == 1
    assert now("streha_test_paints_total", colour=OTHER) == 8
    assert {dict(labels)["colour"] for name, labels in now.values if name == "streha_test_paints_total"} == {
        "red", "green", OTHER,
    }  # fmt: skip


def test_a_counter_is_there_before_anything_happens(counter: Counter) -> None:
    assert counter.combinations() == [("green",), ("red",)]
    assert counted()("streha_test_paints_total", colour="green") == 0


def test_a_missing_label_is_a_fault_that_is_seen(counter: Counter) -> None:
    with pytest.raises(ValueError, match="argument"):
        counter.count()


def test_a_gauge_tells_nothing_until_it_knows_and_after_it_forgot() -> None:
    gauge = Gauge("streha_test_depth", "Invented.", COLOUR)
    assert not counted().told("streha_test_depth")
    gauge.set(3, "red")
    gauge.add(2, "red")
    gauge.add(1, "Ana")
    assert (counted()("streha_test_depth", colour="red"), counted()("streha_test_depth", colour=OTHER)) == (5, 1)
    gauge.know({("green",): 7}, otherwise=0)
    assert (counted()("streha_test_depth", colour="green"), counted()("streha_test_depth", colour="red")) == (7, 0)
    gauge.know({("green",): 7})
    assert counted()("streha_test_depth", colour="red") is None
    gauge.forget()
    assert not counted().told("streha_test_depth")


def test_a_histogram_sums_what_it_saw() -> None:
    histogram = Histogram("streha_test_wait_seconds", "Invented.", buckets=(1, 10))
    before = counted()
    histogram.observe(0.5)
    histogram.observe(20)
    now = counted()
    assert now.since(before, "streha_test_wait_seconds_bucket", le="10.0") == 1
    assert now.since(before, "streha_test_wait_seconds_count") == 2
    assert now.since(before, "streha_test_wait_seconds_sum") == 20.5


@pytest.mark.parametrize(
    ("label", "enumeration"),
    [
        (metrics.LANE, {each.name.lower() for each in Lane}),
        (metrics.ROOM_KIND, set(TargetKind)),
        (metrics.STATUS, set(Status)),
        (metrics.SEVERITY, set(Severity)),
        (metrics.OPEN, set(State) - {State.STOOD_DOWN}),
        (metrics.THROUGH, set(Through)),
        (metrics.TELEPHONE, {*Outcome, "unknown_number"}),
    ],
    ids=lambda each: each.name if isinstance(each, Label) else "",
)
def test_a_list_holds_its_enumeration(label: Label, enumeration: set[str]) -> None:
    assert label.values == enumeration


def test_every_name_says_streha_and_its_unit() -> None:
    ours = {name: each for name, each in ALL.items() if not name.startswith("streha_test_")}
    for name, each in ours.items():
        assert re.fullmatch(r"streha(_[a-z]+)+", name), name
        assert name.endswith("_total") == isinstance(each, Counter), name
        assert name.endswith("_seconds") or not isinstance(each, Histogram), name
        assert each.meaning.endswith("."), name
    assert all(family.name.startswith("streha_") for family in REGISTRY.collect())


def test_no_label_could_hold_an_id() -> None:
    names = {label.name for each in ALL.values() for label in each.labels}
    assert names - {"colour"} == {
        "version", "module", "role", "pool", "state", "lane", "room_kind", "channel", "status", "severity", "through",
        "method", "route", "reason",
    }  # fmt: skip
    assert list(unknown_labels()) == []


def test_the_page_tells_every_metric() -> None:
    rows = [
        line for line in (CHECKOUT / "docs/metrics.md").read_text().splitlines() if line.startswith("| `streha_")
    ]  # fmt: skip
    assert rows == [row for row in table() if "streha_test_" not in row], "python -m core.metrics prints the table"
