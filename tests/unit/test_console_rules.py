"""What keeps the console's own modules in order finds every breach, and finds none in them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from core.texts import javascript
from core.texts.check import MODULES
from deploy import node

CONSOLE = Path(__file__).parents[2] / "server" / "console"

WRONG = {
    "long": ("\n" * 201, "more than 200 lines"),
    "other_import": ('import { h } from "preact";', 'import from "preact"'),
    "upward_import": ('import { h } from "../app.js";', 'import from "../app.js"'),
    "remote_import": ('export { h } from "https://look-alike.example/h.js";', "import from"),
    "late_import": ('const later = import("./later.js");', "import while running"),
    "late_name": ("const later = import(`./rare/${name}.js`);", "import while running"),
    "late_remote": ('const later = import("https://look-alike.example/rare/x.js");', "import while running"),
    "rare_import": ('import { x } from "./rare/x.js";', "import from"),
    "default_class": ("export default class Board {}", "default export"),
    "default_value": ("export default 1;", "default export"),
    "inner": ("node.innerHTML = text;", "innerHTML"),
    "outer": ('node["outerHTML"] = text;', "outerHTML"),
    "adjacent": ('node.insertAdjacentHTML("beforeend", text);', "insertAdjacentHTML"),
    "dangerous": ("export const x = html`<p dangerouslySetInnerHTML=${{ __html: text }} />`;", "dangerously"),
    "handler": ('export const x = html`<p onclick="alert()" />`;', "onclick"),
    "spread": ("export const x = { dangerouslySetInnerHTML: text };", "dangerouslySetInnerHTML"),
    "evaluated": ('eval("1");', "eval"),
    "evaluated_field": ("export const x = { eval: { first } };", "eval"),
    "made": ('new Function("return 1");', "Function"),
    "written": ('document.write("text");', "write"),
    "session": ('sessionStorage.setItem("a", b);', "sessionStorage"),
    "indexed": ("globalThis.indexedDB.open(name);", "indexedDB"),
    "stored": ('localStorage.setItem("board", board);', "localStorage"),
    "stored_anything": ("localStorage.setItem(key, value);", "localStorage"),
    "stored_otherwise": ("localStorage.language = value;", "localStorage"),
    "handed_on": ("export const kept = localStorage;", "localStorage"),
    "title": ("document.title = codename;", "title of the page"),
    "notified": ("new Notification(codename);", "Notification"),
    "logged": ("console.log(board);", "console"),
    "not_plain": ("t(`A sentence.`);", "t is called with one plain sentence"),
    "single": ("t('A sentence.');", "t is called with one plain sentence"),
    "chosen": ('t(open ? "Open" : "Closed");', "t is called with one plain sentence"),
    "renamed": ("const say = t;", "t is called with one plain sentence"),
    "joined": ('t("A " + "sentence.");', "t is called with one plain sentence"),
    "escaped": (r't("A\x20sentence.");', "t is called with one plain sentence"),
    "unfilled": ('t("By {person} at {time}.", { person });', "a parameter of"),
    "text": ("export const x = html`<p>Sign in first.</p>`;", "text in markup: Sign in first."),
    "text_after": ("export const x = html`<p>${name} is silent</p>`;", "text in markup: \0 is silent"),
    "text_last": ("export const x = html`<p>${name}</p> more`;", "text in markup: more"),
    "deep_text": ("export const x = html`<ul>${all.map((each) => html`<li>it's ${each}</li>`)}</ul>`;", "it's"),
    "chosen_text": ('export const x = html`<p>${open ? "open" : t("closed")}</p>`;', "text in markup: open"),
    "joined_text": ('export const x = html`<p>${"by " + name}</p>`;', "text in markup: by"),
    "filled_text": ("export const x = html`<p>${`by ${name}`}</p>`;", "text in markup: by"),
    "default_text": ('export const x = html`<p>${name ?? "nobody"}</p>`;', "text in markup: nobody"),
    "label": ('export const x = html`<button aria-label="Close">×</button>`;', "text in markup: Close"),
    "chosen_label": ('export const x = html`<button aria-label=${open ? "Close" : t("Open")}>×</button>`;', "Close"),
    "line_in_template": ("export const x = html`<p>\n  // ${name}\n</p>`;", "no comment, but served as one"),
    "block_in_template": ("export const x = html`<p>\n  /* ${name}\n  */\n</p>`;", "no comment, but served as one"),
    "cyrillic": ("export const x = html`<p>Пријавите се</p>`;", "text in markup"),
}  # fmt: skip
RIGHT = r"""
/** Names in comments are no names: innerHTML, t(anything), localStorage. */
import { html } from "./vendor/preact.js";
import { t } from "./texts.js";

export const kept = localStorage.getItem("language");
export function Row({ each, open }) {
  switch (each.kind) { default: break; }
  return html`<li class="row ${open ? "open" : ""}" aria-label=${t("Row of {name}", { name: each.name })}>
    <!-- Not read by anybody -->
    ${t("It's open")} · ${each.name} (${each.count === 1 && html`<b>${t("one \"only\"")}</b>`})
    ${t("Last {time}", each)}
    ${each.all.map((one) => html`<i title=${t("Part")}>${one}, ${t(
      "On a line of its own")}</i>`)} — 12:30
  </li>`;
}
"""
SENTENCES = {"Row of {name}", "It's open", 'one "only"', "Last {time}", "Part", "On a line of its own"}


def ran(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [node.find().program, CONSOLE / "rules.mjs", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Let the rules be applied to every wrong module."""
    folder = tmp_path_factory.mktemp("wrong")
    for name, (text, _) in WRONG.items():
        (folder / f"{name}.js").write_text(text + "\n")
    found = ran(*folder.glob("*.js"))
    assert (found.returncode, found.stderr) == (1, "")
    return found.stdout


@pytest.mark.parametrize("name", WRONG)
def test_a_breach_is_found(told: str, name: str) -> None:
    lines = [line for line in told.splitlines() if line.startswith(f"{name}.js:")]
    assert lines
    assert WRONG[name][1] in lines[0]


def test_what_keeps_the_rules_passes_and_its_sentences_are_found(tmp_path: Path) -> None:
    right = tmp_path / "row.js"
    right.write_text(RIGHT)
    assert ran(right).stdout == ""
    assert set(json.loads(ran("--sentences", right).stdout)) == SENTENCES
    assert {sentence for sentence, _ in javascript.marked(RIGHT)} == SENTENCES


def test_the_consoles_modules_keep_the_rules() -> None:
    assert ran().stdout == ""


def test_the_catalogues_hold_exactly_the_sentences_that_the_modules_mark() -> None:
    modules = [path.read_text(encoding="utf-8") for pattern in MODULES for path in CONSOLE.glob(pattern)]
    assert {sentence for module in modules for sentence, _ in javascript.marked(module)} == set(
        json.loads(ran("--sentences").stdout)
    )
