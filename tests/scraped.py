"""What the metrics say, read as Prometheus reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from core.metrics.kinds import ALL, OTHER, Histogram, exposed
from server.api.middlewares import QUIET, UNMATCHED
from server.api.routes import ROUTES
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
    """Return every label of this process's metrics that says what is not on its list."""
    return foreign_labels(counted())


def foreign_labels(scraped: Scrape) -> Iterator[str]:
    """Return every label of an answer that says what is not on its list; routes are those of the API."""
    for name, labels in scraped.values:
        metric = ALL.get(name) or ALL.get(re.sub(r"_(bucket|sum|count)$", "", name))
        allowed = {} if metric is None else {each.name: {*each.values, OTHER} for each in metric.labels}
        if isinstance(metric, Histogram):
            allowed["le"] = {*(str(float(each)) for each in metric.buckets), "+Inf"}
        if "route" in allowed:
            allowed["route"] |= QUIET | {UNMATCHED} | {route.path for route in ROUTES}
        yield from (f"{name}: {label}" for label, value in labels if value not in allowed.get(label, ()))
