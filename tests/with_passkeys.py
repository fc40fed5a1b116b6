"""Passkeys of a served API's people, from software authenticators."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from agencies.model import Person
from tests.authenticator import Authenticator, client_data
from tests.browser_session import BrowserSession, kept
from tests.served import Answered, ServedApi

FIRST = "/api/passkeys/challenges"
ALL = "/api/passkeys"
CHALLENGE = "/api/sign-in/passkey-challenges"
SIGN_IN = "/api/sign-in/passkey"


@dataclass(slots=True, kw_only=True)
class Kept:
    """A passkey that the API knows, and the authenticator that has it."""

    id: str
    authenticator: Authenticator


def unpacked(text: str) -> bytes:
    """Return the bytes of a field."""
    return base64.b64decode(text)


def host_of(api: ServedApi) -> str:
    """Return the host that passkeys of an API are for."""
    return urlsplit(api.url).hostname or ""


async def ask_new(api: ServedApi, token: str) -> dict[str, Any]:
    """Return what a new passkey needs."""
    asked = await api.ask("POST", FIRST, token=token)
    assert asked.status == 201, asked.body
    told: dict[str, Any] = asked.json
    return told


def made(api: ServedApi, asked: dict[str, Any], authenticator: Authenticator) -> dict[str, bytes]:
    """Return what an authenticator answers to that."""
    authenticator.handle = unpacked(asked["handle"])
    said = client_data("create", unpacked(asked["challenge"]), api.url)
    return {"client_data": said, "attestation": authenticator.make()}


async def add(api: ServedApi, token: str, authenticator: Authenticator | None = None) -> Kept:
    """Add a passkey for whose session this is."""
    authenticator = authenticator or Authenticator(host=host_of(api))
    added = await api.ask("POST", ALL, made(api, await ask_new(api, token), authenticator), token=token)
    assert added.status == 201, added.body
    return Kept(id=added.json["id"], authenticator=authenticator)


async def passkey_of(api: ServedApi, person: Person) -> Kept:
    """Add a passkey for a person."""
    return await add(api, await api.token(person))


async def challenge(api: ServedApi) -> bytes:
    """Return a challenge for whoever has a passkey."""
    asked = await api.ask("POST", CHALLENGE)
    assert asked.status == 201, asked.body
    return unpacked(asked.json["challenge"])


async def show(api: ServedApi, answer: dict[str, object]) -> Answered:
    """Sign in with an answer as the console does."""
    return await api.ask("POST", SIGN_IN, answer, headers={"Origin": api.url})


async def sign_in(api: ServedApi, passkey: Kept) -> Answered:
    """Sign in rightly."""
    return await show(api, passkey.authenticator.answer(await challenge(api), api.url))


async def browser_with(api: ServedApi, passkey: Kept) -> BrowserSession:
    """Sign a browser in with a passkey."""
    return BrowserSession(api=api, cookie=kept(await sign_in(api, passkey)).value)
