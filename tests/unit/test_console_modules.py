"""The console's own modules, tested where they run: by Node's test runner, in `tests/console`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from deploy import node

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "server" / "console"
MODULES = sorted((ROOT / "tests" / "console").glob("*.test.mjs"))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_the_modules_do_what_their_tests_say(module: Path) -> None:
    done = subprocess.run(
        [node.find().program, "--test", "--test-reporter=tap", module],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert passed is not None
    assert int(passed[1]) > 0


def test_the_page_asks_for_every_module_at_once() -> None:
    page = (CONSOLE / "index.html").read_text(encoding="utf-8")
    asked = re.findall(r'<link rel="modulepreload" href="([^"]+)"', page)
    modules = {path.name for path in CONSOLE.glob("*.js")} - {"app.js"}
    assert sorted(asked) == sorted([*modules, "vendor/preact.js"])
    assert '<script type="module" src="app.js"></script>' in page


def test_what_a_page_may_never_hold_is_not_in_it() -> None:
    page = (CONSOLE / "index.html").read_text(encoding="utf-8")
    assert "<title>Streha</title>" in page
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)|https?://(?!www\.w3\.org)", page)
