"""Listening: one sync after the other, for ever, whatever a single one comes to.

Used by the active bot and by one that stands by. What the homeserver cannot answer, and what in an answer nobody
foresaw, is recorded and tried again: a bot that hears nothing can still call people. So one answer that says that the
device was signed out ends nothing: anything on the way can say so once. It is asked again, at another place, and counts
when that is said each time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn

from bots.account.credentials import DeviceLost
from bots.device.device import MatrixDevice
from bots.sending.senders import SIGNED_OUT
from core import logs, metrics
from core.errors import DeliveryError, StrehaError

log = logs.get(__name__)

SYNC_SECONDS = 25.0
RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 30.0
# Before each question whether the device is known still: a real end is told within a minute.
PAUSES = (2.0, 6.0, 18.0)


async def listen(device: MatrixDevice, heard: Callable[[], None]) -> NoReturn:
    """Take in what comes; call `heard` when an answer is stored, and when all that it asks for is done.

    Ends where the device or its store is lost.
    """
    failures = 0
    while True:
        try:
            await device.sync_once(SYNC_SECONDS, heard)
        except DeliveryError as error:
            if error.code == SIGNED_OUT and await _is_lost(device):
                raise DeviceLost from error
            failures += 1
            log.warning("sync_failed", error=error.code, attempts=failures)
            wait = pause(failures, error.retry_after)
        except StrehaError:
            # The store cannot be written, or this device is used elsewhere: nothing that trying again could mend.
            raise
        except Exception as error:  # noqa: BLE001 (an answer that nobody foresaw must not silence the bot for good)
            failures += 1
            log.failure("sync_failed", error, attempts=failures)
            wait = pause(failures)
        else:
            failures = 0
            heard()
            continue
        metrics.SYNC_FAILURES.count()
        await asyncio.sleep(wait)


async def _is_lost(device: MatrixDevice) -> bool:
    """Ask whether the homeserver knows the device; True where it says no every time."""
    for wait in PAUSES:
        await asyncio.sleep(wait)
        try:
            await device.require_known()
        except DeviceLost:
            continue
        except DeliveryError as error:
            log.warning("sync_failed", error=error.code)
        except Exception as error:  # noqa: BLE001 (as of a sync: nobody has said that the device is lost)
            log.failure("sync_failed", error)
        return False
    return True


def pause(failures: int, asked: float | None = None) -> float:
    """Return for how many seconds to wait after a failure. Nobody can make the bot deaf for longer than the longest."""
    wait = RETRY_SECONDS * 2.0 ** min(failures, 6) if asked is None else max(asked, RETRY_SECONDS)
    return min(wait, LONGEST_RETRY_SECONDS)
