"""Watches Streha from another machine: asks how old the proof is, and tells when it is too old or nobody answers.

It needs Python and this checkout, nothing that is installed: python -m deploy.watchdog https://streha.example, with
the key that Streha has as STREHA_WATCHDOG_KEY in the file that WATCHDOG_KEY_FILE names. `--once` looks once and ends
with 0 where all is well and 1 where it is not: for cron and systemd. Otherwise it looks every minute, and posts to
`--tell URL` when that has become another: a signed webhook (its key in the file that WATCHDOG_TELL_KEY_FILE names).

What it tells is content-free. It believes no redirect, and takes an answer that it cannot read for none. It says only
after two looks in a row that something is wrong, and it repeats that every quarter of an hour until it is right again.
"""

from __future__ import annotations

import argparse
import json
import os
import ssl
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from crypto import webhook_signature

PATIENCE = 15.0
LARGEST_ANSWER = 4096
# Who gave a sign may have another machine's clock; it may lie ahead a little.
CLOCKS_APART = 5.0
OLD_PROOF = 720.0
OLD_BEAT = 120.0
EVERY = 60.0
LOOKS = 2
REPEATED_AFTER = 900.0
PARTS = ("proof", "engine", "bots")


class _NoRedirect(HTTPRedirectHandler):
    """Whoever is asked answers: a signature is for nobody else."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look found: what is wrong, in words without content; nothing where all is well."""

    wrong: tuple[str, ...] = ()


def judged(answer: Mapping[str, Any]) -> Look:
    """Return what is wrong with what Streha says of itself."""
    wrong = []
    for part in PARTS:
        age, most = answer.get(part), OLD_PROOF if part == "proof" else OLD_BEAT
        if isinstance(age, bool) or not isinstance(age, int | float):
            wrong.append(f"{part} was never seen")
        elif not -CLOCKS_APART <= age <= most:
            wrong.append(f"{part} is too old")
    if answer.get("failing") is not False:
        wrong.append("the proof fails")
    return Look(wrong=tuple(wrong))


class Watchdog:
    """Looks at one Streha and remembers what it told."""

    def __init__(
        self, url: str, key: bytes, tell: Callable[[bool], bool], *, now: Callable[[], float],
        certificates: str | None = None,
    ) -> None:  # fmt: skip
        self._url = url.rstrip("/") + "/proofz"
        self._key = key
        self._tell = tell
        self._now = now
        self._opener = opener(certificates)
        self._in_a_row = 0
        self._told_wrong_at: float | None = None

    def look(self) -> Look:
        """Ask once."""
        moment, name = int(self._now()), str(uuid.uuid4())
        request = Request(self._url, headers=signed(self._key, name, moment, b""))  # noqa: S310 (the operator's URL)
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                body = answer.read(LARGEST_ANSWER + 1)
            found = json.loads(body) if len(body) <= LARGEST_ANSWER else None
        except HTTPError as error:
            return Look(wrong=(f"it answers with HTTP {error.code}",))
        except (URLError, HTTPException, OSError, ValueError):
            return Look(wrong=("it does not answer",))
        return judged(found) if isinstance(found, dict) else Look(wrong=("its answer cannot be read",))

    def round(self) -> Look:
        """Look, and tell where that is news: wrong twice in a row, or right again. What was not taken is told again."""
        found, now = self.look(), self._now()
        self._in_a_row = self._in_a_row + 1 if found.wrong else 0
        told = self._told_wrong_at
        if self._in_a_row >= LOOKS and (told is None or now - told >= REPEATED_AFTER):
            if self._tell(False):
                self._told_wrong_at = now
        elif not found.wrong and told is not None and self._tell(True):
            self._told_wrong_at = None
        return found


def signed(key: bytes, name: str, moment: int, body: bytes) -> dict[str, str]:
    """Return the headers of a signed webhook."""
    return {
        "webhook-id": name,
        "webhook-timestamp": str(moment),
        "webhook-signature": webhook_signature.sign(key, name, moment, body),
    }


def opener(certificates: str | None) -> OpenerDirector:
    """Return what asks: over TLS that this machine trusts, following nobody elsewhere."""
    return build_opener(_NoRedirect, HTTPSHandler(context=ssl.create_default_context(cafile=certificates)))


def telling(url: str, key: bytes, certificates: str | None, *, now: Callable[[], float]) -> Callable[[bool], bool]:
    """Return what posts whether all is well, and tells whether that was taken."""
    asking = opener(certificates)

    def tell(well: bool) -> bool:  # noqa: FBT001 (it is all there is to tell)
        text = "Streha works again." if well else "Streha calls nobody. Ring people by telephone."
        body, name, moment = json.dumps({"well": well, "text": text}).encode(), str(uuid.uuid4()), int(now())
        headers = {"content-type": "application/json", **signed(key, name, moment, body)}
        try:
            with asking.open(Request(url, data=body, headers=headers, method="POST"), timeout=PATIENCE) as answer:  # noqa: S310
                return bool(200 <= answer.status < 300)
        except (HTTPException, OSError, ValueError):
            return False

    return tell


def _say(found: Look) -> None:
    sys.stdout.write(("not well: " + "; ".join(found.wrong) if found.wrong else "well") + "\n")
    sys.stdout.flush()


def _now() -> float:
    return time.time()  # noqa: TID251 (`core.clock` needs packages that a machine with nothing on it has not)


def _key(name: str) -> bytes:
    return webhook_signature.read_key(Path(os.environ[name]).read_text(encoding="ascii").strip())


def main() -> int:
    """Watch for ever, or once."""
    parser = argparse.ArgumentParser(description="Watches Streha from another machine.")
    parser.add_argument("url", help="where people reach Streha, for example https://streha.example")
    parser.add_argument("--once", action="store_true", help="look once; the exit code tells whether all is well")
    parser.add_argument("--tell", metavar="URL", help="post here when something is wrong, and when it is right again")
    parser.add_argument("--every", type=float, default=EVERY, metavar="SECONDS")
    parser.add_argument("--certificates", metavar="FILE", help="who signs the certificates, where no machine knows it")
    asked = parser.parse_args()
    try:
        key = _key("WATCHDOG_KEY_FILE")
        tell = (
            telling(asked.tell, _key("WATCHDOG_TELL_KEY_FILE"), asked.certificates, now=_now)
            if asked.tell
            else lambda _well: True
        )
        watchdog = Watchdog(asked.url, key, tell, now=_now, certificates=asked.certificates)
    except (KeyError, OSError, ValueError):
        sys.stderr.write("WATCHDOG_KEY_FILE, or WATCHDOG_TELL_KEY_FILE, names no file with a key.\n")
        return 2
    while True:
        found = watchdog.look() if asked.once else watchdog.round()
        _say(found)
        if asked.once:
            return 1 if found.wrong else 0
        time.sleep(asked.every)


if __name__ == "__main__":
    sys.exit(main())
