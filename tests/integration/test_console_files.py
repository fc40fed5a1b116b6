"""The console's files: exactly these, of the right types, fresh or known, and under the strictest policy."""

from __future__ import annotations

import asyncio
import gzip
import io
import posixpath
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import brotli
import pytest
from aiohttp import web

from core.settings import Settings
from core.texts import LANGUAGES, render
from server.api import console_files, health
from server.api.console_files import FOLDER, POLICY
from server.api.middlewares import observe
from server.api.serving import serve
from tests.served import Answered, ServedApi
from tests.waiting import PATIENCE_SECONDS

pytest_plugins = ("tests.fixtures_api",)

MODULE = b"""import { html } from "./vendor/preact.js";
export const Screen = () => html`<p>${t("Sign in first.")}</p>
  <p>${t("Unknown to every catalogue {count}", { count })}</p>`;
"""
CONTENTS = {
    "index.html": b"<!doctype html><title>Streha</title>",
    "style.css": b"body { margin: 0 }",
    "app.js": MODULE,
    "icon.svg": b"<svg/>",
    "rare/part.js": b'import { t } from "../texts.js"; export const part = [t("Sign in first."), t("ready to go")];',
    "vendor/preact.js": b"export const html = 1;",
}
HIDDEN = ("package.json", ".npmrc", "rules.mjs", "agrees.ts", "vendor/LICENSES.txt", "vendor/.set-up",
          "node_modules/htm/index.js", "deeper/app.js", "rare/deeper/x.js", "vendor/deeper/x.js")  # fmt: skip
TYPES = {
    "": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "rare/part.js": "text/javascript; charset=utf-8",
    "vendor/preact.js": "text/javascript; charset=utf-8",
    "ways.json": "application/json",
    "texts/en.json": "application/json",
    "texts/sr-Latn.json": "application/json",
    "texts/sr-Cyrl.json": "application/json",
    "texts/rare/en.json": "application/json",
    "texts/rare/sr-Latn.json": "application/json",
    "texts/rare/sr-Cyrl.json": "application/json",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a console with everything that such a folder holds, served or not."""
    for name, content in {**CONTENTS, **dict.fromkeys(HIDDEN, b"not served")}.items():
        path = tmp_path / "console" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (tmp_path / "beside.js").write_bytes(b"not served")
    return tmp_path / "console"


class Console:
    """A console that is served alone."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url = url
        self._http = http

    async def ask(self, path: str, *, method: str = "GET", **headers: str) -> Answered:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._http.request(method, self.url + path, headers=named, allow_redirects=False) as answer:
            return Answered(status=answer.status, headers=dict(answer.headers), body=await answer.read())

    async def raw(self, target: str) -> int:
        """Ask for a target as it is written here, and return the status."""
        host, port = self.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            status = int((await reader.readline()).split()[1])
        writer.close()
        return status


@pytest.fixture
async def console(folder: Path) -> AsyncIterator[Console]:
    """Serve the console of `folder`."""
    app = web.Application()
    console_files.add_to(app, folder)
    # As a browser's cache would see them: compressed bodies stay so.
    async with (
        serve(app, "127.0.0.1", 0, drain_seconds=1) as port,
        aiohttp.ClientSession(auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()) as http,
    ):
        yield Console(f"http://127.0.0.1:{port}", http)


async def test_exactly_these_files_are_served_with_their_types(console: Console, folder: Path) -> None:
    assert console_files.read(folder).keys() == TYPES.keys()
    for path, kind in TYPES.items():
        answer = await console.ask("/console/" + path, Accept_Encoding="identity")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Security-Policy"] == POLICY
        assert answer.headers["Cache-Control"] == "no-cache"
        assert "Content-Encoding" not in answer.headers
        if not path.startswith("texts/") and path != "ways.json":
            assert answer.body == CONTENTS[path or "index.html"]


async def test_the_way_in(console: Console) -> None:
    for path in ("/", "/console"):
        answer = await console.ask(path)
        assert (answer.status, answer.headers["Location"], answer.body) == (303, "/console/", b"")


async def test_nothing_else_can_be_had(console: Console) -> None:
    for path in (*HIDDEN, "index.html", "app.js/", "nothing.js", "texts/", "texts/de.json", "texts/en", "vendor/"):
        assert await console.raw(f"/console/{path}") == 404, path
    for target in (
        "/console/../beside.js", "/console/%2e%2e/beside.js", "/console/..%2fbeside.js", "/console/\\..\\beside.js",
        "/console/vendor/../../beside.js", "/console/texts/../../../core/settings.py", "/console/./package.json",
        "/console//app.js", "//console/app.js", "/console/app.js%00", "/console/%61pp%2ejs%2f", "/console/app.js;x",
        "/CONSOLE/app.js",
    ):  # fmt: skip
        assert await console.raw(target) in (400, 404), target
    # What a path means is the same path.
    assert await console.raw("/console/%61pp.js") == 200


UNPACKED = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip", "gzip"), ("gzip, deflate, br", "br"), ("br;q=0, gzip;q=0.5", "gzip"), ("GZIP", "gzip"),
     ("gzip;q=1.0", "gzip"), ("gzip;q=0", None), ("gzip; q=0.000", None), ("identity", None), ("BR", "br"), ("", None),
     ("xgzip", None)],
)  # fmt: skip
async def test_files_are_compressed_for_whoever_takes_that(console: Console, accepted: str, coding: str | None) -> None:
    answer = await console.ask("/console/app.js", Accept_Encoding=accepted)
    assert answer.headers.get("Content-Encoding") == coding
    assert UNPACKED[coding](answer.body) == MODULE
    assert answer.headers["Vary"] == "Accept-Encoding"


def test_what_a_browser_loads_first_stays_small_in_every_language() -> None:
    files = console_files.read(FOLDER)
    sizes = {path: len(file.packed["br"]) for path, file in files.items() if console_files.is_of_shell(path)}
    words = max(size for path, size in sizes.items() if path.startswith("texts/"))
    assert words + sum(size for path, size in sizes.items() if not path.startswith("texts/")) <= 60 * 1024


def test_our_own_modules_are_served_line_for_line_without_what_is_only_for_their_readers(folder: Path) -> None:
    written = (
        "/**\n * Says so.\n * @param {string} name\n */\n"
        "export const say = (/** @type {string} */ name) => name; // kept\n"
        "  // Why.\n/* One */ export const one = 1;\n  /* Two */\nexport const two = 1; /* and\n*/\n"
    )
    served = (
        "\n\n\n\nexport const say = (/** @type {string} */ name) => name; // kept\n"
        "\n/* One */ export const one = 1;\n\nexport const two = 1; /* and\n*/\n"
    )
    for name in ("app.js", "vendor/preact.js"):
        (folder / name).write_text(written)
    console_files.read.cache_clear()
    files = console_files.read(folder)
    assert files["app.js"].plain.decode() == served
    assert files["vendor/preact.js"].plain.decode() == written


def test_the_rules_look_at_what_is_left_out_when_served() -> None:
    assert f"/{console_files.COMMENT.pattern.replace('/', chr(92) + '/')}/gm" in (FOLDER / "rules.mjs").read_text()


async def test_what_a_browser_has_is_not_sent_again(console: Console) -> None:
    tags = set()
    for accepted in ("br", "gzip", "identity"):
        first = await console.ask("/console/app.js", Accept_Encoding=accepted)
        tag = first.headers["Etag"]
        tags.add(tag)
        for known in (tag, f'"other", {tag}', f"W/{tag}"):
            again = await console.ask("/console/app.js", Accept_Encoding=accepted, If_None_Match=known)
            assert (again.status, again.body) == (304, b"")
            assert again.headers["Etag"] == tag
            assert again.headers["Cache-Control"] == "no-cache"
        for unknown in ('"other"', "no tag", '"', ""):
            other = await console.ask("/console/app.js", Accept_Encoding=accepted, If_None_Match=unknown)
            assert (other.status, other.body) == (200, first.body)
    assert len(tags) == 3
    assert (await console.ask("/console/style.css")).headers["Etag"] not in tags


async def test_a_changed_file_has_another_tag(folder: Path) -> None:
    before = console_files.File.of("app.js", MODULE)
    assert console_files.read(folder)["app.js"] == before
    assert console_files.File.of("app.js", MODULE + b" ").tag != before.tag


async def test_a_head_is_a_get_without_a_body(console: Console) -> None:
    for path in TYPES:
        got = await console.ask("/console/" + path, Accept_Encoding="gzip")
        head = await console.ask("/console/" + path, method="HEAD", Accept_Encoding="gzip")
        assert (head.status, head.body) == (200, b"")
        changing = {"Date", "Connection"}
        assert {k: v for k, v in head.headers.items() if k not in changing} == {
            k: v for k, v in got.headers.items() if k not in changing
        }
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert (await console.ask("/console/app.js", method=method)).status == 405


async def test_texts_hold_only_what_the_modules_mark(console: Console) -> None:
    texts = {each: await console.ask(f"/console/texts/{each}.json", Accept_Encoding="identity") for each in LANGUAGES}
    assert texts["en"].json == {}
    for language in ("sr-Latn", "sr-Cyrl"):
        known = render("Sign in first.", language)
        assert known != "Sign in first."
        # Without words, English stands in, and parameters stay for the console to fill in.
        unknown = "Unknown to every catalogue {count}"
        assert texts[language].json == {"Sign in first.": known, unknown: unknown}
        # What few need has words of its own, and none twice.
        rare = await console.ask(f"/console/texts/rare/{language}.json", Accept_Encoding="identity")
        assert rare.json == {"ready to go": render("ready to go", language)}


@pytest.mark.parametrize("lacking", ["vendor/preact.js", "index.html"])
async def test_a_console_that_is_not_set_up_says_so_and_stays_alone(
    folder: Path, lacking: str, logged: io.StringIO, settings: Settings
) -> None:
    (folder / lacking).unlink()
    app = web.Application(middlewares=[observe(settings)])
    app.router.add_get("/healthz", health.alive)
    console_files.add_to(app, folder)
    async with serve(app, "127.0.0.1", 0, drain_seconds=1) as port, aiohttp.ClientSession() as http:
        for path in ("/console/", "/console/app.js", "/console/vendor/preact.js", "/console/texts/en.json"):
            async with http.get(f"http://127.0.0.1:{port}{path}") as answer:
                assert answer.status == 503
                assert "The console is not set up on this server" in (await answer.json(content_type=None))["detail"]
        async with http.get(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
    assert "console_not_set_up" in logged.getvalue()


# The console as it is -------------------------------------------------------------------------------


async def test_the_console_is_served_beside_the_api(api: ServedApi) -> None:
    answer = await api.ask("GET", "/console/")
    assert answer.status == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Content-Security-Policy"] == POLICY
    page = answer.body.decode()
    assert re.findall(r"<title>(.*?)</title>", page) == ["Streha"]
    # Everything that a page names is one of the files, and nothing stands in it that the policy forbids.
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert named
    for each in named:
        path = "/console/" + each.removeprefix("./").removeprefix("/console/")
        assert (await api.ask("GET", path)).status == 200, each
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|https?://", page)


async def test_every_module_imports_what_is_served(api: ServedApi) -> None:
    assert (FOLDER / "vendor" / "preact.js").stat().st_size < 20_000
    served = console_files.read(FOLDER)
    modules = {path: file.plain.decode() for path, file in served.items() if path.endswith(".js")}
    for path, source in modules.items():
        named = re.findall(r'^(?:import|export)[^;]*?from "([^"]+)";$', source, re.MULTILINE)
        for imported in [*named, *re.findall(r'await import\("([^"]+)"\)', source)]:
            found = posixpath.normpath(posixpath.join(posixpath.dirname(path), imported))
            assert found in modules, (path, imported)
            # Nothing of the vault is loaded with the board.
            sealed = ("vault/", "records/")
            assert path.startswith(sealed) or not found.startswith(sealed), (path, found)
    assert (await api.ask("GET", "/console/vendor/preact.js")).status == 200
    assert "eval(" not in modules["vendor/preact.js"]
    assert "new Function" not in modules["vendor/preact.js"]


async def test_the_page_of_records_alone_may_run_webassembly_and_one_worker(api: ServedApi) -> None:
    answer = await api.ask("GET", "/console/records/")
    assert answer.status == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy == console_files.POLICY_OF_RECORDS
    added = {each.strip() for each in policy.split(";")} - {each.strip() for each in POLICY.split(";")}
    assert added == {"script-src 'self' 'wasm-unsafe-eval'", "worker-src 'self'", "trusted-types streha-worker"}
    # A worker goes by the policy that comes with its own program.
    assert (await api.ask("GET", "/console/records/stretching.js")).headers["Content-Security-Policy"] == policy
    assert (await api.ask("GET", "/console/app.js")).headers["Content-Security-Policy"] == POLICY
    page = answer.body.decode()
    for each in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert (await api.ask("GET", each)).status == 200, each
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|https?://", page)
    assert re.findall(r"<title>(.*?)</title>", page) == ["Streha"]
    way_in = await api.ask("GET", "/console/records")
    assert way_in.status == 200


def test_the_licences_go_with_the_packages() -> None:
    licences = (FOLDER / "vendor" / "LICENSES.txt").read_text()
    for package in ("preact", "htm"):
        assert (FOLDER / "node_modules" / package / "LICENSE").read_text() in licences
