"""A browser's session as raw requests show it: a cookie, and where the browser says that the request comes from."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import Morsel, SimpleCookie

from agencies.model import Person
from server.api.credentials import COOKIE
from tests.served import Answered, ServedApi


@dataclass(slots=True, kw_only=True)
class BrowserSession:
    """Somebody's browser. It keeps what it is given, as far as a test lets it."""

    api: ServedApi
    cookie: str

    async def ask(
        self, method: str, path: str, body: object = None, *, headers: dict[str, str] | None = None
    ) -> Answered:
        """Send what the console's own page would send; with `headers`, these instead of the browser's own."""
        own = {"Origin": self.api.url, "Sec-Fetch-Site": "same-origin"}
        shown = {"Cookie": f"{COOKIE}={self.cookie}", **(own if headers is None else headers)}
        return await self.api.ask(method, path, body, headers=shown)


def kept(answer: Answered) -> Morsel[str]:
    """Return the one cookie that an answer sets."""
    jar = SimpleCookie(answer.headers["Set-Cookie"])
    assert list(jar) == [COOKIE]
    return jar[COOKIE]


async def link(api: ServedApi, person: Person) -> str:
    """Return the code of a fresh link, made with the person's key."""
    made = await api.ask("POST", "/api/sign-in/links", token=await api.token(person))
    assert made.status == 201
    code: str = made.json["code"]
    return code


async def open_link(api: ServedApi, code: str) -> Answered:
    """Use a link as the console does."""
    return await api.ask("POST", "/api/sign-in/browser", {"code": code}, headers={"Origin": api.url})


async def browser_of(api: ServedApi, person: Person) -> BrowserSession:
    """Sign a browser in as a person."""
    return BrowserSession(api=api, cookie=kept(await open_link(api, await link(api, person))).value)
