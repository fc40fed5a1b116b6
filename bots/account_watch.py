"""Looking at the bot's own account: whether its identity still stands there, and whether anybody else is signed in.

At every start `bots.identity` does not let a bot speak under another identity; this looks while it works. It only
tells: what to do about a stranger in the account is a person's matter (`streha identity`).
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from bots.device import MatrixDevice
from bots.guard import alone
from bots.own_keys import read
from core import logs, metrics
from core.errors import DeliveryError

log = logs.get(__name__)

LOOK_SECONDS = 900.0


class AccountWatch:
    """Looks at the account of one device."""

    def __init__(self, device: MatrixDevice) -> None:
        self._device = device

    async def run(self) -> NoReturn:
        """Look for ever; what the homeserver does not answer, it is asked again the next time."""
        while True:
            with alone(lambda error: log.failure("own_account_not_looked_at", error)):
                await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Tell of devices that the identity has not signed: all of them, where another identity is shown."""
        device = self._device
        try:
            answer = await device.homeserver.query_keys([device.user_id])
            shown = read(answer, device.user_id, device.device_id)
            listed = shown.listed(await device.homeserver.devices())
        except DeliveryError as error:
            log.warning("own_account_not_looked_at", error=error.code)
            return
        if shown.signing is None:
            # Left out, once or for good: others keep what they were shown before, and so does the bot.
            log.warning("identity_left_out")
            return
        ours = shown.vouched_for_by(device.device_id, device.fingerprint)
        if not ours:
            log.error("own_identity_replaced")
        strange = [each for each in listed if not (ours and each.signed)]
        if strange:
            log.warning("own_devices_unsigned", count=len(strange))
        metrics.DEVICES_UNSIGNED.set(len(strange))
