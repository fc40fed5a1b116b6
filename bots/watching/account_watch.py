"""Looking at the bot's own account: whether its identity still stands there, and whether anybody else is signed in.

At every start `bots.account.identity` does not let a bot speak under another identity; this looks while it works. It
tells: what to do about a stranger in the account is a person's matter (`streha identity`). One thing it ends itself:
the work of a device that a restore elsewhere left unsigned. Strict clients do not hear it any more; a signed one can
take over.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

from bots.account.identity import DeviceUnsigned
from bots.account.own_keys import OwnKeys, read
from bots.device.device import MatrixDevice
from bots.wire.guard import alone
from core import logs, metrics
from core.errors import DeliveryError

log = logs.get(__name__)

LOOK_SECONDS = 900.0
LOOK_AGAIN_SECONDS = 30.0


class AccountWatch:
    """Looks at the account of one device."""

    def __init__(self, device: MatrixDevice) -> None:
        self._device = device
        # Whether the last look showed the device here as left unsigned: once may be somebody's mistake on the way.
        self._doubted = False

    async def run(self) -> NoReturn:
        """Look until the device here is left unsigned; what the homeserver does not answer, it is asked again."""
        while True:
            with alone(_not_looked_at):
                await self.look()
            await asyncio.sleep(LOOK_AGAIN_SECONDS if self._doubted else LOOK_SECONDS)

    async def look(self) -> None:
        """Tell of devices that the identity has not signed: all of them, where another identity is shown.

        Raises DeviceUnsigned where the identity stands and is seen twice not to have signed this device.
        """
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
        self._require_signature(shown, ours=ours)
        strange = [each for each in listed if not (ours and each.signed)]
        if strange:
            log.warning("own_devices_unsigned", count=len(strange))
        metrics.DEVICES_UNSIGNED.set(len(strange))

    def _require_signature(self, shown: OwnKeys, *, ours: bool) -> None:
        """End the work where new signing keys, which the master key vouches for, have not signed this device."""
        left = ours and not self._device.is_signed_by(shown)
        if left and self._doubted:
            log.error("own_device_unsigned")
            raise DeviceUnsigned
        self._doubted = left


def _not_looked_at(error: BaseException) -> None:
    if isinstance(error, DeviceUnsigned):
        raise error
    log.failure("own_account_not_looked_at", error)
