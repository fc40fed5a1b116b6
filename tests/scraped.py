"""What the metrics say, read as Prometheus reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from core.metrics.kinds import ALL, OTHER, REGISTRY, exposed
from server.metrics import Exposition

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer: a value for each series."""

    values: dict[tuple[str, Labels], float]

    def __call__(self, name: str, **labels: str) -> float | None:
        """Return the value of a series; None where it is not told."""
        return self.values.get((name, frozenset(labels.items())))

    def since(self, before: Scrape, name: str, **labels: str) -> float:
        """Return how much a counter has grown."""
        return (self(name, **labels) or 0) - (before(name, **labels) or 0)

    def told(self, name: str) -> bool:
        """Tell whether a metric has any value."""
        return any(each == name for each, _labels in self.values)


def read(text: bytes) -> Scrape:
    """Return what an answer says."""
    return Scrape(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(text.decode())
            for sample in family.samples
        }
    )


async def scrape(exposition: Exposition) -> Scrape:
    """Ask once."""
    return read(await exposition.text())


def counted() -> Scrape:
    """Return what was counted so far, without looking into any database."""
    return read(exposed())


def unknown_labels() -> Iterator[str]:
    """Return every label of the registry that says what is not on its list."""
    for family in REGISTRY.collect():
        names = [family.name, f"{family.name}_total"]
        metric = next((ALL[each] for each in names if each in ALL), None)
        allowed = {} if metric is None else {each.name: each.values | {OTHER} for each in metric.labels}
        if family.type == "histogram":
            allowed["le"] = frozenset({*(sample.labels["le"] for sample in family.samples if "le" in sample.labels)})
        for sample in family.samples:
            for name, value in sample.labels.items():
                if value not in allowed.get(name, ()):
                    yield f"{sample.name}: {name}"
