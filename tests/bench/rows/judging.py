"""What it costs to judge an assessment in Python and in Chromium: the same vectors, told by both programs.

From the JSON in which an assessment lies to all that the rules say of it: what it suggests, whether it lowers, what it
lacks. The floor parses the same JSON and judges nothing. In Python the form is checked too; in the browser it was
checked where it was opened. What comes out is held against the vectors, so that nothing is fast by being wrong.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web
from playwright.async_api import Page

from agencies.model import PersonId
from safety_plans.assessments.form import AssessmentForm, assessment
from safety_plans.assessments.judging import judged, lacking, lowers
from safety_plans.assessments.model import Assessment
from safety_plans.instruments.model import Instrument, Subject
from server.api import console_files
from tests.bench.row import Comparison, Measure, MeasurementFailed, Row
from tests.console.browsers import start_chromium
from tests.vault import assessed

HOST = "127.0.0.1"
VECTORS = Path(__file__).parents[2] / "vectors" / "judging.json"
ANYBODY = PersonId(UUID(assessed.ANA))
ASSESSMENTS, TINY_ASSESSMENTS = 20_000, 300

IN_PYTHON, BARE = "judge 20,000 in Python", "parse them in Python"
IN_BROWSER, BARE_IN_BROWSER = "judge 20,000 in Chromium", "parse them in Chromium"

# Returns how many milliseconds it took, and what was said of each of the first ones.
JUDGE = """
async ({ written, times, judges }) => {
  const judging = await import("/console/records/judging.js");
  const told = [];
  const began = performance.now();
  for (let number = 0; number < times; number++) {
    const { definition, assessment, instrument, before } = JSON.parse(written[number % written.length]);
    if (!judges) continue;
    const found = {
      ...judging.judged(definition, assessment, instrument), lowers: judging.lowers(definition, assessment, before),
      lacking: judging.lacking(definition, assessment, instrument, before),
    };
    if (number < written.length) told.push(found);
  }
  const took = performance.now() - began;
  const shown = ({ lack, indicator }) => [lack, indicator];
  return [took, told.map((each) => ({ ...each, lacking: each.lacking.map(shown) }))];
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judging:
    """The measures."""

    page: Page
    # As JSON, each as it is given to a program; and what is to be said of it.
    written: Sequence[str]
    wanted: Sequence[Mapping[str, Any]]
    asked: Mapping[str, Instrument]
    times: int

    async def in_python(self) -> float:
        told = []
        began = time.perf_counter()
        for number in range(self.times):
            found = self._judged(json.loads(self.written[number % len(self.written)]))
            if number < len(self.written):
                told.append(found)
        took = time.perf_counter() - began
        self._require(told)
        return took

    def _judged(self, given: Mapping[str, Any]) -> dict[str, Any]:
        asked = self.asked[given["instrument"]["subject"]]
        made, before = _read(given["assessment"]), given["before"] and _read(given["before"])
        found = judged(made, asked)
        return {
            "suggested": found.suggested, "floor": found.floor, "critical": list(found.critical),
            "unknown": list(found.unknown), "insufficient": found.insufficient, "lowers": lowers(made, before),
            "lacking": [[each.lack, each.indicator] for each in lacking(made, asked, before)],
        }  # fmt: skip

    async def bare(self) -> float:
        began = time.perf_counter()
        for number in range(self.times):
            json.loads(self.written[number % len(self.written)])
        return time.perf_counter() - began

    async def in_browser(self) -> float:
        return await self._in_browser(judges=True)

    async def bare_in_browser(self) -> float:
        return await self._in_browser(judges=False)

    async def _in_browser(self, *, judges: bool) -> float:
        asked = {"written": list(self.written), "times": self.times, "judges": judges}
        took, told = await self.page.evaluate(JUDGE, asked)
        if judges:
            self._require(told)
        return float(took) / 1000

    def _require(self, told: Sequence[Mapping[str, Any]]) -> None:
        if list(told) != list(self.wanted)[: len(told)] or len(told) < min(self.times, len(self.wanted)):
            raise MeasurementFailed("something else was said of an assessment than the vectors say")


def _read(said: Mapping[str, Any]) -> Assessment:
    return assessment(msgspec.convert(said, AssessmentForm), ANYBODY)


@asynccontextmanager
async def _prepared(directory: Path, tiny: bool) -> AsyncIterator[Mapping[str, Measure]]:  # noqa: ARG001, FBT001 (see Row)
    vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
    async with AsyncExitStack() as resources:
        app = web.Application()
        console_files.add_to(app)
        runner = web.AppRunner(app)
        await runner.setup()
        resources.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, HOST, 0).start()
        browser = await resources.enter_async_context(start_chromium())
        page = await browser.new_page()
        await page.goto(f"http://{HOST}:{runner.addresses[0][1]}{console_files.HOME}{console_files.RECORDS}")
        judging = _Judging(
            page=page, written=[json.dumps(each["given"]) for each in vectors],
            wanted=[each["gives"] for each in vectors],
            asked={each.value: assessed.instrument(each.value) for each in Subject},
            times=TINY_ASSESSMENTS if tiny else ASSESSMENTS,
        )  # fmt: skip
        yield {
            BARE: judging.bare,
            IN_PYTHON: judging.in_python,
            BARE_IN_BROWSER: judging.bare_in_browser,
            IN_BROWSER: judging.in_browser,
        }


ROW = Row(
    name="judging",
    title="Judging 20,000 assessments: what they suggest and lack, in Python and in Chromium",
    prepared=_prepared,
    comparisons=(
        Comparison(measure=IN_PYTHON, floor=BARE),
        Comparison(measure=IN_BROWSER, floor=BARE_IN_BROWSER),
        Comparison(measure=IN_BROWSER, floor=IN_PYTHON),
    ),
    notes=(
        "The vectors of `tests/vectors/judging.json` in turn, from JSON to all that the rules say, on one thread.",
        "What is said is held against the vectors in every round.",
    ),
)
