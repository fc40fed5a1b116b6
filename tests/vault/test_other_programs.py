"""The vault's vectors, tried by the browsers' program in Node and in Chromium; and what one seals, the other opens."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser

from crypto.vault import epoch, wrap
from deploy import node
from tests.console.browsers import start_chromium
from tests.vault import knowing
from tests.vault.chance import Chance
from tests.vault.drawn import BOX_KEY, KEY, PERSON, SECRET
from tests.vault.making import FILES, PLACE, cases_of
from tests.vault.told import told
from tests.vault.tried import OK, Case, tried

ROOT = Path(__file__).parents[2]
TRIED = "tests/vault/tried.mjs"
SEALED = "tests/vault/sealed.mjs"
# So many stories that chance makes up are told by both programs.
STORIES = 60
# What the browser may do where the vault runs: its own modules, and the WebAssembly that libsodium is.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; require-trusted-types-for 'script'"
)


async def _node(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        str(node.find().program), *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_node_comes_to_the_same(tmp_path: Path) -> None:
    said = await _node(TRIED)
    assert said.split()[:2] == [str(sum(len(cases_of(name)) for name in FILES)), "cases,"]
    # And it would say so if it did not.
    case = {**cases_of("wrap")[1], "outcome": "seal-broken"}
    (tmp_path / "wrong.json").write_text(json.dumps([case]))
    said = await _node(
        "-e",
        f"""
        import("./{TRIED}").then(({{ otherwise }}) => console.log(
            otherwise(JSON.parse(require("fs").readFileSync({json.dumps(str(tmp_path / "wrong.json"))}))).length))
    """,
    )
    assert said.strip() == "1"


async def test_stories_of_chance_are_told_alike(tmp_path: Path) -> None:
    cases: list[Case] = [
        {"case": str(seed), "does": "logs.told", "outcome": OK, "given": given, "gives": told(given)}
        for seed in range(STORIES)
        for given in [Chance(seed).given(steps=30)]
    ]
    outcomes = Counter(each for case in cases for each in case["gives"]["outcomes"])
    assert outcomes.keys() == {OK, "not-empowered", "void"}
    assert any(case["gives"]["state"].get("quarantined") for case in cases)
    # Of what was taken in, both also say who could have known.
    plain: dict[str, Any] = {"record": None, "granted": [], "stated": []}
    for case in list(cases):
        steps = zip(case["given"]["steps"], case["gives"]["outcomes"], strict=True)
        taken = [step for step, outcome in steps if outcome == OK]
        for until in (None, case["given"]["now"]):
            asked = {**case["given"], **plain, "steps": taken, "until": until}
            cases.append({**case, "does": "logs.known", "given": asked, "gives": knowing.told(asked)})
    assert any(each["versions"] for case in cases for each in case["gives"].get("knowers", ()))
    (tmp_path / "told.json").write_text(json.dumps(cases))
    said = await _node(
        "-e",
        f"""
        import("./{TRIED}").then(({{ otherwise }}) => console.log(JSON.stringify(
            otherwise(JSON.parse(require("fs").readFileSync({json.dumps(str(tmp_path / "told.json"))}))))))
    """,
    )
    assert json.loads(said) == []


async def test_what_node_seals_opens_here() -> None:
    given: dict[str, Any] = {
        **PLACE, "key": KEY.hex(), "secret": SECRET.hex(), "box_key": BOX_KEY.hex(), "member": PERSON.hex(), "epoch": 9,
        "text": "Čuvaj se".encode().hex(), "epoch_key": KEY.hex(),
    }  # fmt: skip
    for case in json.loads(await _node(SEALED, json.dumps(given))):
        assert tried({**case, "given": {**given, **case["given"]}}) == (OK, case["gives"]), case["does"]


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    async with start_chromium() as browser:
        yield browser


async def test_chromium_comes_to_the_same(chromium: Browser) -> None:
    async def page(_request: web.Request) -> web.Response:
        script = f'<!doctype html><script type="module" src="/{TRIED}"></script>'
        return web.Response(text=script, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    app = web.Application()
    app.router.add_get("/", page)
    app.router.add_static("/server/console", ROOT / "server" / "console")
    app.router.add_static("/tests/vault", ROOT / "tests" / "vault")
    async with TestServer(app) as server:
        context = await chromium.new_context()
        try:
            tab = await context.new_page()
            await tab.goto(str(server.make_url("/")))
            for name in FILES:
                otherwise = await tab.evaluate(
                    f"async (cases) => (await import('/{TRIED}')).otherwise(cases)", cases_of(name)
                )
                assert otherwise == [], name
        finally:
            await context.close()


def test_an_epoch_s_key_and_a_wrap_s_are_not_one() -> None:
    assert wrap.key_for_wraps(KEY) != KEY
    which = epoch.Epoch(network=bytes(32), compartment=PERSON, number=1)
    assert epoch.promise(which, KEY) != epoch.promise(epoch.Epoch(network=bytes(32), compartment=PERSON, number=2), KEY)
