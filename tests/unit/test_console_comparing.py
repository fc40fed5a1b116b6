"""What changed between two texts: the browser shows the same lines as the command line."""

from __future__ import annotations

import difflib
import json
import random
import subprocess
from pathlib import Path

from deploy import node

ROOT = Path(__file__).parents[2]
PROGRAM = """
import { readFileSync } from "node:fs";
import { difference } from "./server/console/records/comparing.js";
const asked = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(asked.map(([one, other]) => difference(one, other, ["one", "other"]))));
"""
CHANCE = random.Random(20_260_302)  # noqa: S311
PLAIN = [
    ("", ""), ("", "a"), ("a", ""), ("a\n", "a"), ("a\r\nb", "a\nb"), ("a\n\n", "a\n"), ("a\vb\u2028c", "a\nb\nd"),
    ("đ\u0085š", "đ\nš\nž"), ("\ufeffa", "a"),
]  # fmt: skip


def a_text(lines: int, kinds: int) -> list[str]:
    return [f"line {CHANCE.randrange(kinds)}" for _ in range(lines)]


def changed(lines: list[str]) -> list[str]:
    found = list(lines)
    for _ in range(CHANCE.randrange(6)):
        at = CHANCE.randrange(len(found) + 1)
        found[at : at + CHANCE.randrange(4)] = a_text(CHANCE.randrange(4), 30)
    return found


def test_browsers_compare_as_the_command_line_does() -> None:
    cases = list(PLAIN)
    # The long ones have lines that stand in many places.
    for lines, kinds in [(0, 1), (1, 2), (8, 3), (30, 9), (60, 400), (230, 5), (260, 40), (450, 4000)] * 12:
        one = a_text(lines, kinds)
        cases.append(("\n".join(one), "\n".join(changed(one))))
        cases.append(("\n".join(one), "\n".join(a_text(lines, kinds))))
    command: list[str | Path] = [node.find().program, "--input-type=module", "-e", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(cases), capture_output=True, text=True, check=True)
    expected = [
        list(difflib.unified_diff(one.splitlines(), other.splitlines(), "one", "other", lineterm=""))
        for one, other in cases
    ]
    assert json.loads(done.stdout) == expected
    assert sum(map(bool, expected)) > len(cases) // 2
