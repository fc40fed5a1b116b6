"""Chromium's own virtual authenticators, put into a window: a device that knows its owner, and that can be lost.

Passkeys are made for a name, so their stories are told at `localhost`, which browsers take for as safe as https.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.async_api import CDPSession

from tests.console.screen import Screen

NAME = "localhost"


@dataclass(slots=True, kw_only=True)
class Device:
    """What keeps passkeys in one window."""

    session: CDPSession
    id: str

    async def verifies(self, *, owner: bool) -> None:
        """Let whoever holds a finger to it be its owner, or somebody else."""
        await self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": owner})

    async def kept(self) -> list[dict[str, Any]]:
        """Return every passkey that it keeps, with what it was told of its owner."""
        answer = await self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        kept: list[dict[str, Any]] = answer["credentials"]
        return kept

    async def takes(self, passkeys: list[dict[str, Any]]) -> None:
        """Give it passkeys of another device, as a copy has them."""
        for each in passkeys:
            await self.session.send("WebAuthn.addCredential", {"authenticatorId": self.id, "credential": each})


async def device_of(screen: Screen, *, secrets: bool = True) -> Device:
    """Put a device into a window; `secrets`: whether its passkeys give any (the extension `prf`)."""
    session = await screen.page.context.new_cdp_session(screen.page)
    await session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "hasPrf": secrets, "automaticPresenceSimulation": True, "isUserVerified": True,
    }  # fmt: skip
    added = await session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return Device(session=session, id=added["authenticatorId"])
