"""The documents name only what exists: links, paths, modules, settings, targets, commands, log events, columns.

Each check is a function from a text to its complaints. It is run on every document, and on a text that is wrong on
purpose: a check that finds nothing there would find nothing anywhere.
"""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from core.settings import PERSONAL, PREFIX, Secret, Settings
from streha.cli import application

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = sorted([*CHECKOUT.glob("*.md"), *CHECKOUT.glob("docs/**/*.md")])
RUNBOOKS = sorted(CHECKOUT.glob("docs/runbooks/*.md"))
DECISIONS = sorted(CHECKOUT.glob("docs/adr/*.md"))
with (CHECKOUT / "pyproject.toml").open("rb") as project:
    PACKAGES: list[str] = tomllib.load(project)["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

# What is there only while something runs, or where an operator put it; each occurs in the code that makes it.
MADE_AT_RUN_TIME = {
    ".build/demo": ".build/demo",
    ".build/demo/logs": '"logs"',
    ".build/demo/keys/ana.json": '"keys"',
    ".build/demo/keys/petar.json": '"keys"',
    "device/": '"device"',
    "identity/": '"identity"',
    "identity/identity.master-seed": "identity.master-seed",
}
EXAMPLES = {"0002_what_it_does.sql"}

Check = Callable[[str, Path], list[str]]


# The checks ------------------------------------------------------------------------------------------


def broken_links(text: str, document: Path) -> list[str]:
    """Return every relative link that leads nowhere."""
    complaints = []
    for target in re.findall(r"\]\(([^)\s]+)\)", _prose(text)):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        found = document.parent / path if path else document
        if not found.exists() or (heading and heading not in _headings(found)):
            complaints.append(target)
    return complaints


def absent_paths(text: str, _document: Path) -> list[str]:
    """Return every path in backticks that is neither in the checkout nor made at run time."""
    complaints = []
    for word in _words_in_backticks(text):
        if not _is_path(word) or word in MADE_AT_RUN_TIME.keys() | EXAMPLES | _defaults():
            continue
        # A name without a folder may stand for a file in one of them.
        places = [word.rstrip("/")] if "/" in word else [word, f"*/{word}"]
        if not any(True for place in places for _ in CHECKOUT.glob(place)):
            complaints.append(word)
    return complaints


def absent_modules(text: str, _document: Path) -> list[str]:
    """Return every dotted name in backticks that begins like one of our packages and does not exist."""
    return [
        word
        for word in _words_in_backticks(text)
        if re.fullmatch(rf"(?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_]+)+", word)
        and not _is_path(word)
        and not _exists(word)
    ]


def unknown_settings(text: str, _document: Path) -> list[str]:
    """Return every name of a setting that no program reads."""
    known = {PREFIX + each.name.upper() for each in fields(Settings)}
    known |= {name + "_FILE" for name in known} | PERSONAL
    return [name for name in re.findall(r"\bSTREHA_[A-Z][A-Z_]*", text) if name not in known]


def unknown_targets(text: str, _document: Path) -> list[str]:
    """Return every target of make that the Makefile does not have."""
    declared = re.search(r"^\.PHONY: (.*)$", (CHECKOUT / "Makefile").read_text(), re.MULTILINE)
    assert declared is not None
    known = set(declared[1].split())
    called = [
        next((word for word in command[1:] if "=" not in word), "")
        for command in _commands(text)
        if command[0] == "make"
    ]
    return [target for target in called if target and target not in known]


def unknown_commands(text: str, _document: Path) -> list[str]:
    """Return every `streha` command or option that the command line does not know."""
    complaints = []
    for command in _commands(text):
        if Path(command[0]).name != "streha":
            continue
        words = command[1:]
        at: Any = _command_line()
        while hasattr(at, "commands") and words and not words[0].startswith("-"):
            step = at.commands.get(words[0])
            if step is None:
                if words[0] != "COMMAND":
                    complaints.append(" ".join(command))
                break
            at, words = step, words[1:]
        options = {"--help", "-h"} | {option for each in at.params for option in (*each.opts, *each.secondary_opts)}
        complaints += [f"{' '.join(command)}: {word}" for word in words if word.startswith("-") and word not in options]
    return complaints


def unknown_events(text: str, _document: Path) -> list[str]:
    """Return every snake_case word in backticks that is neither a log event nor a name of the schema."""
    known = _log_events() | set(re.findall(r"[a-z_]+", (CHECKOUT / "core/schema.sql").read_text()))
    known |= set(re.findall(r'"([a-z_]+)"', "".join(each.read_text() for each in _code("core", "bots", "server"))))
    return [
        word for word in _words_in_backticks(text) if re.fullmatch(r"[a-z]+(?:_[a-z]+)+", word) and word not in known
    ]


EVERYWHERE: dict[Check, str] = {
    broken_links: "[a page](docs/no-such-page.md) and [a heading](README.md#no-such-heading)",
    absent_paths: "`bots/no_such_module.py`, `no_such_folder/`, `docs/adr/9999-*.md`",
    absent_modules: "`bots.no_such_module`, `core.clock.NoSuchClock`",
    unknown_settings: "`STREHA_NO_SUCH_SETTING` and STREHA_DATABASE_URI",
    unknown_targets: "`make no-such-target`\n\n    make PYTHON=python3 no-such-target-either ARGS=x",
    unknown_commands: "`streha no-such-command`, `streha alert no-such-one`, `streha doctor --no-such-option`",
}


@pytest.mark.parametrize("check", EVERYWHERE, ids=lambda check: check.__name__)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_a_document_names_only_what_exists(check: Check, document: Path) -> None:
    assert check(document.read_text(), document) == []


@pytest.mark.parametrize(("check", "wrong"), EVERYWHERE.items(), ids=lambda each: getattr(each, "__name__", "text"))
def test_what_does_not_exist_is_found(check: Check, wrong: str) -> None:
    # Every clause of the wrong text holds one fault.
    assert len(check(wrong, CHECKOUT / "README.md")) == len(re.split(r",| and |\n\n", wrong))


@pytest.mark.parametrize("runbook", RUNBOOKS, ids=lambda path: path.name)
def test_a_runbook_names_only_events_that_are_logged(runbook: Path) -> None:
    assert unknown_events(runbook.read_text(), runbook) == []


def test_the_runbook_says_after_how_long_a_board_knows_that_it_is_not_live() -> None:
    stream = (CHECKOUT / "server/console/stream.js").read_text()
    patience = [int(each.replace("_", "")) for each in re.findall(r"const (?:SILENT|GRACE)_MS = ([0-9_]+);", stream)]
    assert len(patience) == 2
    told = (CHECKOUT / "docs/runbooks/live-stream.md").read_text()
    assert f"{sum(patience) // 1000} seconds\nafter the last one at the latest" in told


def test_an_event_that_nobody_logs_is_found() -> None:
    assert unknown_events("`database_unavailabel`, `outbox_id` and `sync_failed`", CHECKOUT) == ["database_unavailabel"]


def test_every_event_for_an_operator_has_a_runbook() -> None:
    told = set(_words_in_backticks("".join(each.read_text() for each in RUNBOOKS)))
    # What tells of the local stack or of one request is met on the spot.
    elsewhere = {"child_ended", "child_killed", "witness_trouble", "request_failed", "request_malformed"}
    assert _events_of_level("warning", "error", "failure") - told - elsewhere == set()


# Tables that repeat what the code says -----------------------------------------------------------------


def settings_in(text: str) -> dict[str, str]:
    """Return the settings of the README's table with their defaults."""
    return dict(re.findall(r"^\| `(STREHA_[A-Z_]+)` \| (?:`([^`]*)`)? ?\|", text, re.MULTILINE))


def columns_in(text: str) -> dict[str, set[str]]:
    """Return the tables of the threat model with their columns."""
    rows = re.findall(r"^\| `([a-z_]+)` \| ([a-z_, ]+) \|", text, re.MULTILINE)
    return {table: set(columns.split(", ")) for table, columns in rows}


def folders_in(text: str) -> set[str]:
    """Return the folders of the architecture's table."""
    return set(re.findall(r"^\| `([a-z_]+)/` \|", text, re.MULTILINE))


def runbooks_in(text: str) -> set[str]:
    """Return the pages that the index of runbooks leads to."""
    return set(re.findall(r"\]\(([a-z-]+\.md)\) \|$", text, re.MULTILINE))


def _settings_of_the_code() -> object:
    return {PREFIX + each.name.upper(): _shown(each.default) for each in fields(Settings)}


def _columns_of_the_schema() -> object:
    schema = (CHECKOUT / "core/schema.sql").read_text()
    tables = re.findall(r"^CREATE TABLE ([a-z_]+) \(\n(.*?)^\);", schema, re.MULTILINE | re.DOTALL)
    return {table: set(re.findall(r"^ {4}([a-z_]+) ", body, re.MULTILINE)) for table, body in tables}


def _folders_of_the_checkout() -> object:
    return {*PACKAGES, "tests", "docs", "requirements", "scripts"}


def _pages_of_runbooks() -> object:
    return {each.name for each in RUNBOOKS} - {"README.md"}


TABLES: list[tuple[str, Callable[[str], object], Callable[[], object]]] = [
    ("README.md", settings_in, _settings_of_the_code),
    ("docs/threat-model.md", columns_in, _columns_of_the_schema),
    ("docs/architecture.md", folders_in, _folders_of_the_checkout),
    ("docs/runbooks/README.md", runbooks_in, _pages_of_runbooks),
]


@pytest.mark.parametrize(("document", "said", "true"), TABLES, ids=lambda each: getattr(each, "__name__", str(each)))
def test_a_table_says_what_the_code_says(
    document: str, said: Callable[[str], object], true: Callable[[], object]
) -> None:
    text = (CHECKOUT / document).read_text()
    assert said(text) == true()
    rows = [line for line in text.splitlines() if said(line)]
    # A row that is lost is missed, whichever it is.
    assert all(said(text.replace(row + "\n", "")) != true() for row in rows)


def decision_faults(text: str, document: Path) -> list[str]:
    """Return what a recorded decision lacks."""
    lines = text.splitlines()
    parts = [line for line in lines if line.startswith("## ")]
    faults = []
    if not lines[0].startswith(f"# {int(document.name[:4])}. "):
        faults.append("its number")
    if parts != ["## Context", "## Decision", "## Rejected", "## Consequences"]:
        faults.append("its parts")
    if len(lines) > 40:
        faults.append("brevity")
    return faults


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.name)
def test_a_decision_has_its_parts(decision: Path) -> None:
    assert decision_faults(decision.read_text(), decision) == []


def test_a_decision_that_lacks_something_is_found() -> None:
    assert decision_faults("# 7. A title\n## Decision\n" + "\n" * 40, Path("0008-a-title.md")) == [
        "its number", "its parts", "brevity",
    ]  # fmt: skip


def test_decisions_are_numbered_in_order() -> None:
    assert [int(each.name[:4]) for each in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_what_is_made_at_run_time_is_made() -> None:
    code = "".join(each.read_text() for each in _code("bots", "deploy", "streha"))
    assert [path for path, sign in MADE_AT_RUN_TIME.items() if sign not in code] == []


# What the checks read ----------------------------------------------------------------------------------


def _prose(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def _words_in_backticks(text: str) -> list[str]:
    return re.findall(r"`([^`\s]+)`", _prose(text))


def _is_path(word: str) -> bool:
    if word.startswith(("/", "@", "--", "http")) or not re.fullmatch(r"[\w.*/-]+", word):
        return False
    return "/" in word or re.search(r"\.(?:py|sql|md|toml|txt|mjs|in|json|po)$", word) is not None


def _headings(document: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", _prose(document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def _exists(dotted: str) -> bool:
    """Tell whether a dotted name is a module, or something in one."""
    names = dotted.split(".")
    for length in range(len(names), 0, -1):
        module = ".".join(names[:length])
        try:
            if find_spec(module) is None:
                continue
        except ModuleNotFoundError:
            continue
        found: object = import_module(module)
        for name in names[length:]:
            found = getattr(found, name, None)
        return found is not None
    return False


def _commands(text: str) -> Iterator[list[str]]:
    """Return what is to be typed: spans in backticks and indented lines, cut into words."""
    spans = re.findall(r"`([^`]+)`", _prose(text)) + re.findall(r"^ {4}(\S.*)$", _prose(text), re.MULTILINE)
    for span in spans:
        try:
            words = shlex.split(span)
        except ValueError:
            continue
        if words:
            yield words


@cache
def _command_line() -> Any:
    return get_command(application())


@cache
def _code(*folders: str) -> tuple[Path, ...]:
    return tuple(file for folder in folders for file in sorted((CHECKOUT / folder).rglob("*.py")))


def _log_events() -> set[str]:
    return _events_of_level("debug", "info", "warning", "error", "failure")


@cache
def _events_of_level(*levels: str) -> set[str]:
    """Return the events that are logged by calls of these names on a module's `log`."""
    return {
        call.args[0].value
        for file in _code(*PACKAGES)
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "log"
        and call.func.attr in levels
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
    }


def _defaults() -> set[str]:
    return {_shown(each.default) for each in fields(Settings)}


def _shown(default: object) -> str:
    if default is MISSING or default is None or isinstance(default, Secret):
        return ""
    return str(default)
