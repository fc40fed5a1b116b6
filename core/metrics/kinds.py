"""Kinds of metric: a counter, a gauge, a histogram, each with a list of what its labels may say.

A value that is not on its label's list becomes `other`. So no name, id or path can get into a metric, whatever
goes wrong elsewhere, and the number of series is bounded. `core.metrics` says which metrics there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

import prometheus_client
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
OTHER = "other"
REGISTRY = CollectorRegistry()
# Every metric of our own by its name, in the order of definition.
ALL: dict[str, Metric] = {}

# When each series began would be a second series for each; when the process began says as much.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
# Memory, processor time, open files, start: what Linux knows of this process.
ProcessCollector(namespace="streha", registry=REGISTRY)


class Label:
    """One label: its name, and all that it may say."""

    def __init__(self, name: str, values: Iterable[str] = ()) -> None:
        self.name = name
        self.values = frozenset(values)

    def allow(self, values: Iterable[str]) -> None:
        """Let it say these too: what only a higher package knows, such as its routes."""
        self.values |= frozenset(values)


class Metric:
    """What is measured, in words, and by which labels; their values are given in the order of definition."""

    kind: ClassVar[str]

    def __init__(self, name: str, meaning: str, *labels: Label) -> None:
        self.name = name
        self.meaning = meaning
        self.labels = labels
        ALL[name] = self

    @property
    def label_names(self) -> list[str]:
        """The names of its labels."""
        return [each.name for each in self.labels]

    def combinations(self) -> list[tuple[str, ...]]:
        """Return every combination of what its labels may say."""
        return list(product(*(sorted(each.values) for each in self.labels)))

    def _bounded(self, said: Sequence[str]) -> tuple[str, ...]:
        return tuple(value if value in label.values else OTHER for label, value in zip(self.labels, said, strict=True))


class Gauge(Metric):
    """What is so now. Without a value until one is known: what nobody has looked at is not told."""

    kind = "gauge"

    def __init__(self, name: str, meaning: str, *labels: Label) -> None:
        super().__init__(name, meaning, *labels)
        self._values: dict[tuple[str, ...], float] = {}
        REGISTRY.register(self)

    def set(self, value: float, *said: str) -> None:
        """Say what is so now."""
        self._values[self._key(said)] = value

    def add(self, amount: float, *said: str) -> None:
        """Change what is so now."""
        key = self._key(said)
        self._values[key] = self._values.get(key, 0) + amount

    def know(self, values: Mapping[tuple[str, ...], float], *, otherwise: float | None = None) -> None:
        """Say all of it anew; combinations that are not among the values get `otherwise`, or none."""
        self._values = {} if otherwise is None else dict.fromkeys(self.combinations(), otherwise)
        for said, value in values.items():
            self.set(value, *said)

    def forget(self) -> None:
        """Have no value any more."""
        self._values = {}

    def _key(self, said: tuple[str, ...]) -> tuple[str, ...]:
        # What has a value is on the lists already: this is asked for every transaction.
        return said if said in self._values else self._bounded(said)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Tell the registry the name (called by prometheus-client)."""
        return [GaugeMetricFamily(self.name, self.meaning, labels=self.label_names)]

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Return the present values (called by prometheus-client)."""
        family = GaugeMetricFamily(self.name, self.meaning, labels=self.label_names)
        for said, value in self._values.items():
            family.add_metric(said, value)
        return [family]


class _Summed(Metric):
    """What only grows. Every combination of labels stands there from the start.

    Prometheus sees growth between two values: a series that came with its first event would hide that event.
    """

    def __init__(self, family: Any, name: str, meaning: str, *labels: Label) -> None:
        super().__init__(name, meaning, *labels)
        self._family = family
        self._children: dict[tuple[str, ...], Any] = {}
        for said in self.combinations():
            self._child(said)

    def _child(self, said: tuple[str, ...]) -> Any:
        child = self._children.get(said)
        if child is None:
            said = self._bounded(said)
            child = self._children.get(said)
        if child is None:
            child = self._children[said] = self._family.labels(*said) if said else self._family
        return child


class Counter(_Summed):
    """How often something has happened since the process began. Its name ends in `_total`."""

    kind = "counter"

    def __init__(self, name: str, meaning: str, *labels: Label) -> None:
        family = prometheus_client.Counter(name, meaning, [each.name for each in labels], registry=REGISTRY)
        super().__init__(family, name, meaning, *labels)

    def count(self, *said: str, times: int = 1) -> None:
        """Count."""
        self._child(said).inc(times)


class Histogram(_Summed):
    """How many seconds something took, each time."""

    kind = "histogram"

    def __init__(self, name: str, meaning: str, *labels: Label, buckets: Sequence[float]) -> None:
        family = prometheus_client.Histogram(
            name, meaning, [each.name for each in labels], registry=REGISTRY, buckets=buckets
        )
        self.buckets = tuple(buckets)
        super().__init__(family, name, meaning, *labels)

    def observe(self, seconds: float, *said: str) -> None:
        """Add one measurement."""
        self._child(said).observe(seconds)


def exposed() -> bytes:
    """Return everything in Prometheus' text format, as `CONTENT_TYPE`."""
    return generate_latest(REGISTRY)
