"""The console as browsers get it: read into memory once, each file under its own path, nothing else of the folder.

Sentences come from the same catalogues as everything else and are cut down to those that the console's modules mark.
Our own modules are served line for line as they stand, with their comments left empty: people with bad lines wait for
every byte.
The headers allow what stands in these files and nothing more: no inline script, no other origin, and no way from a
string to markup (Trusted Types without any policy).
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli
import msgspec
from aiohttp import hdrs, web

from core import logs
from core.errors import Unavailable
from core.texts import ENGLISH, LANGUAGES, javascript, mark, words
from server.api import record_forms, way_kinds

log = logs.get(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FOLDER = Path(__file__).parents[1] / "console"
HOME = "/console/"
# The shell comes first; what opens sealed records is a page of its own, and only that page loads it.
SHELL = ("index.html", "*.css", "*.js", "*.svg", "rare/*.js", "vendor/*.js")
RECORDS = "records/"
# The words of what few need: fetched with the first of it.
RARE_TEXTS = "texts/rare/"
WAY_KINDS = "ways.json"
OF_RECORDS = ("records/index.html", "records/*.css", "records/*.js", "vault/*.js", "vendor/vault/*.js")
# Without these there is no console; `vendor` is made at set-up.
NEEDED = ("index.html", "vendor/preact.js")
# A comment with its lines for itself; `rules.mjs` holds every module to being the same program without them.
COMMENT = re.compile(r"^[ \t]*(?://.*|/\*(?:(?!\*/)[\s\S])*\*/[ \t]*)$", re.MULTILINE)
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# libsodium is WebAssembly, and its one worker needs a policy of Trusted Types, which lets no other address through.
POLICY_OF_RECORDS = (
    POLICY.replace("script-src 'self'", "script-src 'self' 'wasm-unsafe-eval'")
    .replace("connect-src 'self'", "connect-src 'self'; worker-src 'self'")
    .replace("trusted-types 'none'", "trusted-types streha-worker")
)
INCOMPLETE = mark(
    "The console is not set up on this server: tell its operator. To call for help run: streha alert raise"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file, as it is and compressed."""

    content_type: str
    plain: bytes
    # By the coding's name; the smaller comes first.
    packed: Mapping[str, bytes]
    tag: str

    @classmethod
    def of(cls, name: str, content: bytes) -> File:
        """Return a file as it is served."""
        return cls(
            content_type=TYPES[Path(name).suffix],
            plain=content,
            packed={"br": brotli.compress(content), "gzip": gzip.compress(content, mtime=0)},
            tag=hashlib.sha256(content).hexdigest()[:32],
        )


def add_to(app: web.Application, folder: Path = FOLDER) -> None:
    """Attach the console; where it is not complete, say so there and leave the rest of the application alone."""
    app.router.add_get("/", _forwarded)
    app.router.add_get(HOME.rstrip("/"), _forwarded)
    if not all((folder / name).is_file() for name in NEEDED):
        log.error("console_not_set_up")
        app.router.add_get(HOME + "{path:.*}", _incomplete)
        return
    app.router.add_get(HOME + RECORDS.rstrip("/"), _forwarded_to_records)
    for path, file in read(folder).items():
        app.router.add_get(HOME + path, giving(file, POLICY_OF_RECORDS if path.startswith(RECORDS) else POLICY))


@cache
def read(folder: Path) -> Mapping[str, File]:
    """Return what is served of a folder, by the path below the console's own."""
    patterns = (*SHELL, *OF_RECORDS) if (folder / RECORDS / "index.html").is_file() else SHELL
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes() for pattern in patterns for path in folder.glob(pattern)
    }
    for path in [each for each in found if each.endswith(".js") and not each.startswith("vendor/")]:
        found[path] = uncommented(found[path].decode()).encode()
    shell, rare, records = [set(_marked(found, each)) for each in ("", "rare", "records")]
    for language in LANGUAGES:
        found[f"texts/{language}.json"] = _texts(language, shell)
        found[f"{RARE_TEXTS}{language}.json"] = _texts(language, rare - shell)
        if records:
            # Modules of the others speak on that page too.
            found[f"{RECORDS}texts/{language}.json"] = _texts(language, shell | rare | records)
    found[WAY_KINDS] = way_kinds.as_json()
    if records:
        found[f"{RECORDS}forms.json"] = record_forms.as_json()
    return {path.removesuffix("index.html"): File.of(Path(path).name, content) for path, content in found.items()}


def is_of_shell(path: str) -> bool:
    """Whether the board's page loads a file at once."""
    return not path.startswith(("rare/", RARE_TEXTS, WAY_KINDS, RECORDS, "vault/", "vendor/vault/"))


def uncommented(module: str) -> str:
    """Return a module of ours with its comments left empty; every line stays where it is."""
    return COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), module)


def giving(file: File, policy: str) -> Handler:
    """Return the handler that gives a file to browsers, which may do with it what the policy allows."""

    async def give(request: web.Request) -> web.StreamResponse:
        accepted = request.headers.get(hdrs.ACCEPT_ENCODING, "")
        coding = next((each for each in file.packed if _takes(accepted, each)), "")
        headers = {
            hdrs.ETAG: f'"{file.tag}{coding and "-" + coding}"',
            hdrs.CACHE_CONTROL: "no-cache",
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
            "Content-Security-Policy": policy,
        }
        known = {each.value.partition("-")[0] for each in request.if_none_match or ()}
        if file.tag in known:
            return web.Response(status=web.HTTPNotModified.status_code, headers=headers)
        headers[hdrs.CONTENT_TYPE] = file.content_type
        if coding:
            headers[hdrs.CONTENT_ENCODING] = coding
        return web.Response(body=file.packed.get(coding, file.plain), headers=headers)

    return give


def _marked(files: Mapping[str, bytes], folder: str) -> Iterator[str]:
    for path, content in files.items():
        if path.endswith(".js") and path.rpartition("/")[0] == folder:
            yield from (sentence for sentence, _line in javascript.marked(content.decode()))


def _texts(language: str, sentences: set[str]) -> bytes:
    """Return the words for the console's sentences; in English they are their own."""
    if language == ENGLISH:
        return b"{}"
    return msgspec.json.encode({sentence: words(sentence, language) for sentence in sorted(sentences)})


def _takes(accepted: str, coding: str) -> bool:
    for part in accepted.lower().split(","):
        name, _, weight = (each.strip() for each in part.partition(";"))
        if name == coding:
            return weight.replace(" ", "").strip("0.") != "q="
    return False


async def _forwarded(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=web.HTTPSeeOther.status_code, headers={hdrs.LOCATION: HOME})


async def _forwarded_to_records(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=web.HTTPSeeOther.status_code, headers={hdrs.LOCATION: HOME + RECORDS})


async def _incomplete(_request: web.Request) -> web.StreamResponse:
    raise Unavailable(INCOMPLETE)
