"""Checks that every marked sentence has its words in every catalogue: `python -m core.texts.check`.

Python marks with `mark("…")`, the console's modules with `t("…")`; the catalogues are the same.

What is missing, obsolete, uncertain (fuzzy) or asks for other parameters than the sentence is listed, and the
exit code is 1. `--update` writes what is missing into the catalogues, still without words, and takes the
obsolete out; where the Serbian of the Latin catalogue is known, the Cyrillic one follows by transliteration.
"""

from __future__ import annotations

import argparse
import string
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from core.texts import LANGUAGES, javascript
from core.texts.script import to_cyrillic

ROOT = Path(__file__).parents[2]
CATALOGUES = Path(__file__).parent
PACKAGES = (
    "core", "crypto", "agencies", "cases", "alerts", "safety_plans", "operations", "server", "bots", "client", "deploy",
    "streha",
)  # fmt: skip
CONSOLE = "server/console"
MODULES = ("*.js", "rare/*.js", "records/*.js")
LATIN, CYRILLIC = "sr-Latn", "sr-Cyrl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something wrong with one sentence in one catalogue."""

    language: str
    wrong: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.language}: {self.wrong}: {self.sentence!r}"


def marked(root: Path = ROOT) -> dict[str, list[tuple[str, int]]]:
    """Return every marked sentence, with where it stands."""
    found: dict[str, list[tuple[str, int]]] = {}
    for package in PACKAGES:
        for path, line, message, _comments, _context in extract_from_dir(
            root / package, method_map=[("**.py", "python")], keywords={"mark": None}
        ):
            sentence = message if isinstance(message, str) else message[0]
            found.setdefault(sentence, []).append((f"{package}/{path}", line))
    modules = [module for pattern in MODULES for module in (root / CONSOLE).glob(pattern)]
    for module in sorted(modules):
        for sentence, line in javascript.marked(module.read_text(encoding="utf-8")):
            found.setdefault(sentence, []).append((module.relative_to(root).as_posix(), line))
    return dict(sorted(found.items()))


def catalogue(language: str, directory: Path = CATALOGUES) -> Catalog:
    """Return a catalogue as it stands in its file."""
    with _file(language, directory).open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"), abort_invalid=True)


def findings(directory: Path = CATALOGUES, root: Path = ROOT) -> list[Finding]:
    """Return everything that is wrong with the catalogues."""
    sentences = marked(root)
    wrong = []
    for language in LANGUAGES:
        if language != "en":
            known = {str(each.id): each for each in catalogue(language, directory) if each.id}
            wrong += [
                Finding(language=language, wrong=what, sentence=sentence)
                for sentence in sorted({*sentences, *known})
                for what in _wrong_with(sentence, known.get(sentence), used=sentence in sentences)
            ]
    return wrong


def update(directory: Path = CATALOGUES, root: Path = ROOT) -> None:
    """Bring the catalogues up to the marked sentences; their words remain for people to write."""
    sentences = marked(root)
    latin = {str(each.id): str(each.string) for each in catalogue(LATIN, directory) if each.id}
    for language in (LATIN, CYRILLIC):
        renewed = Catalog(locale=language.replace("-", "_"), charset="utf-8", fuzzy=False)
        for sentence in sentences:
            words = latin.get(sentence, "")
            renewed.add(sentence, to_cyrillic(words) if language == CYRILLIC else words)
        with _file(language, directory).open("wb") as file:
            file.write(HEADER.format(language=language.replace("-", "_")).encode())
            write_po(file, renewed, width=110, omit_header=True, no_location=True, sort_output=True)


HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def placeholders(text: str) -> set[str]:
    """Return the parameters that a sentence asks for; refuse a sentence that cannot be filled in."""
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _wrong_with(sentence: str, message: Message | None, *, used: bool) -> Iterator[str]:
    if message is None or not message.string:
        yield "missing"
        return
    if not used:
        yield "obsolete"
    if message.fuzzy:
        yield "fuzzy"
    try:
        fits = placeholders(str(message.string)) == placeholders(sentence)
    except ValueError:
        fits = False
    if not fits:
        yield "other parameters"


def _file(language: str, directory: Path) -> Path:
    return directory / (language.replace("-", "_") + ".po")


def main() -> int:
    """Run the check."""
    parser = argparse.ArgumentParser(description="Check that every sentence has its words in every language.")
    parser.add_argument("--update", action="store_true", help="write what is missing into the catalogues first")
    if parser.parse_args().update:
        update()
    wrong = findings()
    for each in wrong:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(f"{len(marked())} sentences, {len(wrong)} to mend.\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
