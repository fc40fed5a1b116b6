"""The local homeserver: its configuration, its process and its readiness.

What may be asked of a running one is `deploy.homeserver_administration`.
"""

from __future__ import annotations

import asyncio
import json
import os
import string
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from deploy import homeserver_log, ports
from deploy.errors import StackError
from deploy.process import Child, Program
from deploy.remembered import Remembered

SERVER_NAME = "streha.localhost"
DATABASE = "synapse"
ROLE = "synapse"
# The homeserver insists on this ordering of text.
DATABASE_OPTIONS = "TEMPLATE template0 ENCODING ''UTF8'' LOCALE_PROVIDER libc LOCALE ''C''"

START_TIMEOUT = 120.0
POLL_INTERVAL = 0.1
TEMPLATE = Path(__file__).with_name("homeserver.yaml.in")
CHECKOUT = Path(__file__).parents[1]


@dataclass(slots=True, kw_only=True)
class Homeserver:
    """One Synapse on one directory and one database."""

    directory: Path
    log_file: Path
    port: int
    database_port: int
    remembered: Remembered
    fast: bool
    on_unexpected_end: Callable[[Child], None]
    _child: Child | None = None

    @property
    def url(self) -> str:
        """Return where clients find it."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Write the configuration, start, and return when clients are served."""
        configuration = self._write_configuration()
        child = Child(
            program=Program(
                name="homeserver",
                command=(sys.executable, "-m", "synapse.app.homeserver", "-c", str(configuration)),
                environment={
                    "PATH": os.defpath,
                    "LC_ALL": "C.UTF-8",
                    "HOME": str(self.directory),
                    # For the class that formats its log.
                    "PYTHONPATH": str(CHECKOUT),
                },
                directory=self.directory,
                output=self.log_file.with_suffix(".output"),
            ),
            on_unexpected_end=self.on_unexpected_end,
        )
        await child.start()
        self._child = child
        await self._until_ready(child)

    async def stop(self, *, kill: bool = False) -> None:
        """Stop in order, or at once."""
        child, self._child = self._child, None
        if child is None:
            return
        if kill:
            await child.kill()
        else:
            await child.stop()

    def _write_configuration(self) -> Path:
        self.directory.mkdir(mode=0o700, exist_ok=True)
        signing_key = self.directory / "signing.key"
        log_config = self.directory / "log.json"
        _write(signing_key, self.remembered.signing_key + "\n")
        _write(log_config, json.dumps(homeserver_log.configuration(str(self.log_file))))
        values: Mapping[str, str | int] = {
            "server_name": SERVER_NAME,
            "public_url": self.url + "/",
            "pid_file": str(self.directory / "homeserver.pid"),
            "log_config": str(log_config),
            "media_store": str(self.directory / "media"),
            "signing_key": str(signing_key),
            "port": self.port,
            "database_port": self.database_port,
            "database_user": ROLE,
            "database_password": self.remembered.homeserver_password,
            "database_name": DATABASE,
            "registration_secret": self.remembered.registration_secret,
            "token_secret": self.remembered.token_secret,
            "form_secret": self.remembered.form_secret,
            # Four rounds make sign-ins instant for tests, whose passwords protect nothing.
            "password_rounds": 4 if self.fast else 12,
        }
        # JSON is YAML: quoting a value as JSON keeps any text whole.
        quoted = {name: json.dumps(value) for name, value in values.items()}
        configuration = self.directory / "homeserver.yaml"
        _write(configuration, string.Template(TEMPLATE.read_text(encoding="utf-8")).substitute(quoted))
        return configuration

    async def _until_ready(self, child: Child) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT), aiohttp.ClientSession() as session:
                while not child.ended.is_set():
                    if await self._answers(session):
                        return
                    await asyncio.sleep(POLL_INTERVAL)
        except TimeoutError:
            await self.stop(kill=True)
            raise StackError("The homeserver did not start in time. Look at {path}.", path=str(self.log_file)) from None
        raise child.failure()

    async def _answers(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.url}/health") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False


def _write(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
