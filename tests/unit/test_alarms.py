"""The alarm rules: each asks only for what is measured, has a page that says what to do, and rings when it should.

Whether a rule rings needs Prometheus' own tool and is tried where that is installed; all else needs nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core import metrics
from core.metrics.kinds import ALL, Histogram, Label
from server.api.middlewares import QUIET
from server.api.routes import ROUTES

CHECKOUT = Path(__file__).parents[2]
FOLDER = CHECKOUT / "deploy/prometheus"
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
STORIES: dict[str, dict[str, Any]] = yaml.safe_load((CHECKOUT / "tests/alarm_stories.yml").read_text())
PROMTOOL = shutil.which("promtool")
# What Prometheus itself adds to whatever it asks for.
ADDED = {"job", "instance"}
ROUTE_VALUES = QUIET | {route.path for route in ROUTES}


def wrong_metrics(expression: str) -> list[str]:
    """Return what a rule asks for and nothing tells: metrics, labels, and what labels never say."""
    complaints, known = [], set(ADDED)
    for name, matchers in re.findall(r"\b(streha_[a-z_]+|up\b)(?:\{([^}]*)\})?", expression):
        labels = _labels(name)
        if labels is None:
            complaints.append(name)
            continue
        known |= labels.keys()
        for label, _operator, pattern in re.findall(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"', matchers):
            if label in ADDED | {"le"}:
                continue
            if label not in labels:
                complaints.append(f"{name}: {label}")
            elif dead := [each for each in pattern.split("|") if not _may_be(labels[label], each)]:
                complaints.append(f"{name}: {label}={dead[0]}")
    for grouping in re.findall(r"\b(?:by|without|on|ignoring) \(([^)]*)\)", expression):
        complaints += [f"by {label}" for label in re.findall(r"\w+", grouping) if label not in known]
    return complaints


def _labels(name: str) -> dict[str, Label] | None:
    """Return the labels of a series; None where there is none of this name."""
    if name == "up":
        return {}
    histogram = ALL.get(re.sub(r"_(bucket|sum|count)$", "", name))
    if isinstance(histogram, Histogram) and histogram.name != name:
        return {"le": Label("le")} | {each.name: each for each in histogram.labels}
    metric = ALL.get(name)
    if metric is None or isinstance(metric, Histogram):
        return None
    return {each.name: each for each in metric.labels}


def _may_be(label: Label, pattern: str) -> bool:
    values = ROUTE_VALUES if label is metrics.ROUTE else label.values
    return any(re.fullmatch(pattern, value) for value in values)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule["alert"])
def test_a_rule_asks_only_for_what_is_measured(rule: dict[str, Any]) -> None:
    assert wrong_metrics(rule["expr"]) == []


@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ("streha_no_such_thing > 1", "streha_no_such_thing"),
        ("rate(streha_sweep_duration_seconds[5m])", "streha_sweep_duration_seconds"),
        ("streha_bot_lease_held_bucket", "streha_bot_lease_held_bucket"),
        ('streha_sweep_rows_overdue{lane="alert"}', "streha_sweep_rows_overdue: lane"),
        ('streha_sweep_rows_overdue{module="ledger"}', "streha_sweep_rows_overdue: module=ledger"),
        ('streha_messages_ended_total{state=~"failed|lost"}', "streha_messages_ended_total: state=lost"),
        ('streha_http_requests_total{status=~"6.."}', "streha_http_requests_total: status=6.."),
        ('streha_http_requests_total{route="/api/nothing"}', "streha_http_requests_total: route=/api/nothing"),
        ("sum by (case_id) (streha_sweep_rows_overdue)", "by case_id"),
    ],
)
def test_what_nothing_tells_is_found(expression: str, complaint: str) -> None:
    assert wrong_metrics(expression) == [complaint]


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule["alert"])
def test_a_rule_has_its_parts_and_a_page_that_names_it(rule: dict[str, Any]) -> None:
    assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning", "none"}
    assert rule["annotations"].keys() == {"summary", "runbook"}
    # Nothing of what was measured stands in the sentence that is sent around.
    assert re.fullmatch(r"[A-Z][\w ,.-]{10,100}\.", rule["annotations"]["summary"])
    assert re.fullmatch(r"docs/runbooks/[a-z-]+\.md", rule["annotations"]["runbook"])
    assert f"`{rule['alert']}`" in (CHECKOUT / rule["annotations"]["runbook"]).read_text()


def test_every_alarm_that_a_page_names_exists_and_leads_there() -> None:
    for page in sorted((CHECKOUT / "docs/runbooks").glob("*.md")):
        named = re.findall(r"^\*\*Alarms?\.\*\* (.*?)\n\n", page.read_text(), re.MULTILINE | re.DOTALL)
        for alarm in re.findall(r"`(Streha\w+)`", " ".join(named)):
            assert RULES[alarm]["annotations"]["runbook"] == f"docs/runbooks/{page.name}", alarm
        assert set(re.findall(r"`(Streha[A-Z]\w+)`", page.read_text())) <= RULES.keys(), page.name


def test_the_example_asks_as_the_rules_expect() -> None:
    example = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    assert [job["job_name"] for job in example["scrape_configs"]] == ["streha"]
    assert example["rule_files"] == ["alerts.yml"]


# Whether a rule rings ----------------------------------------------------------------------------------


def test_every_alarm_has_its_story() -> None:
    assert STORIES.keys() == RULES.keys() - {"StrehaWatchdog"}
    told = [
        series for story in STORIES.values() for part in ("rings", "quiet") for each in story[part] for series in each
    ]
    assert [wrong for series in told for wrong in wrong_metrics(series)] == []


@pytest.mark.skipif(PROMTOOL is None, reason="Prometheus' promtool is not installed here; the other tests need none")
def test_rules_and_example_are_what_prometheus_reads() -> None:
    assert PROMTOOL is not None
    for command in (("rules", "alerts.yml"), ("config", "prometheus.yml")):
        subprocess.run([PROMTOOL, "check", *command], cwd=FOLDER, check=True, capture_output=True)


@pytest.mark.slow
@pytest.mark.skipif(PROMTOOL is None, reason="Prometheus' promtool is not installed here; the other tests need none")
def test_every_alarm_rings_when_it_should_and_only_then(tmp_path: Path) -> None:
    assert PROMTOOL is not None
    tests = [
        {
            "interval": "15s",
            "name": f"{alarm} {'rings' if expected else 'stays quiet'}",
            "input_series": [{"series": name, "values": values} for name, values in series.items()],
            "alert_rule_test": [{"eval_time": "10m", "alertname": alarm, "exp_alerts": expected}],
        }
        for alarm, story in STORIES.items()
        for series, expected in _told(alarm, story)
    ]
    stories = tmp_path / "stories.yml"
    stories.write_text(
        yaml.safe_dump({"rule_files": [str(FOLDER / "alerts.yml")], "evaluation_interval": "15s", "tests": tests})
    )
    ran = subprocess.run([PROMTOOL, "test", "rules", stories], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def _told(alarm: str, story: dict[str, Any]) -> Iterator[tuple[dict[str, str], list[dict[str, Any]]]]:
    rule = RULES[alarm]
    rung = {"exp_labels": {**story.get("labels", {}), **rule["labels"]}, "exp_annotations": rule["annotations"]}
    for series in story["rings"]:
        yield series, [rung]
    for series in story["quiet"]:
        # Prometheus does reach somebody.
        yield {'up{job="streha",instance="z"}': "1x60", **series}, []
