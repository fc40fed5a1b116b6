"""What an operator decides, read once from the environment.

Each field of `Settings` is the variable `STREHA_<NAME>`; `STREHA_<NAME>_FILE` names a file that holds
the value instead, which is how secrets come. An unknown `STREHA_` name refuses to start: a misspelt
setting must never be silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from core.errors import InvalidInput
from core.texts import mark

PREFIX = "STREHA_"
# Read by the command on a person's own machine, so they may stand beside the server's settings.
PERSONAL = frozenset({"STREHA_API_URL", "STREHA_DEVICE_TOKEN_FILE", "STREHA_KEY_FILE", "STREHA_LANGUAGE"})

# Numbers are above nothing, but a port may be 0 (the system then chooses the API's, and there are no metrics), and with
# 0 the homeserver never speaks by itself.
LEAST = {"STREHA_API_PORT": 0, "STREHA_METRICS_PORT": 0, "STREHA_ABSENCE_AFTER": 0}
MOST = 2**31 - 1
# What the rules for alerts promise: nothing that is due is noticed later than one sweep of five seconds, and every five
# minutes it is proven that calling works. Shorter is allowed.
GREATEST = {"STREHA_SWEEP_INTERVAL": 5, "STREHA_PROOF_INTERVAL": 300}


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """A value that shows itself only when asked."""

    _value: str = field(default="")

    def reveal(self) -> str:
        """Return the value."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(hidden)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that differs between installations. Durations are in seconds."""

    database_url: Secret
    network: str = "streha"
    log_level: str = "info"
    default_language: str = "en"
    time_zone: str = "Europe/Belgrade"
    # From when until when reminders that are not urgent wait, by the clock on the wall; twice the same hour is never.
    quiet_hours: str = "22:00-07:00"

    api_host: str = "127.0.0.1"
    api_port: int = 8008
    public_origin: str = "http://127.0.0.1:8008"
    session_lifetime: int = 12 * 3600
    requests_per_minute: int = 600
    # The address of a reverse proxy whose X-Forwarded-For is believed; limits count by that address then.
    trusted_proxy: str = ""
    body_limit: int = 64 * 1024

    # Each process tells its metrics at an address of its own; without a port nobody can ask.
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0

    # Where a process keeps what it must know although the database forgot it. The bot has its own directory.
    state_directory: Path | None = None

    sweep_interval: float = 5.0
    database_connections: int = 10
    urgent_connections: int = 6

    homeserver_url: str = ""
    matrix_user: str = ""
    matrix_password: Secret = Secret()
    matrix_store_key: Secret = Secret()
    matrix_state_directory: Path = Path("matrix-state")
    room_version: str = "11"
    # The fingerprint of the vault's network: with it the bot believes those alone whom the signed directory attests.
    vault_network: str = ""

    # Continuous proof: how often a self-test begins, and the account of the second client that reads and answers it.
    proof_interval: float = 300.0
    prober_user: str = ""
    prober_password: Secret = Secret()
    prober_store_key: Secret = Secret()
    prober_state_directory: Path = Path("prober-state")
    # After how many seconds of silence the homeserver says in duty rooms that Streha is silent; with 0 it never does.
    absence_after: float = 600.0
    # With this key a watchdog on another machine asks how old the proof is.
    watchdog_key: Secret = Secret()

    # Beside Matrix: a gateway that rings telephones and sends text messages, and a mail server.
    gateway_url: str = ""
    gateway_key: Secret = Secret()
    # With it the gateway signs what people text and key in. Without it nobody raises or accepts by telephone.
    gateway_inward_key: Secret = Secret()
    smtp_host: str = ""
    smtp_port: int = 465
    smtp_user: str = ""
    smtp_password: Secret = Secret()
    mail_sender: str = ""
    # A file with the certificates of those who sign the gateway's and the mail server's, where no machine knows them.
    certificates_file: Path | None = None

    # How long the clocks of a case run, as the law of the network has it (docs/reviews.md).
    contact_months: int = 2
    first_contact_months: int = 1
    re_examination_months: int = 6
    placement_short_days: int = 30
    placement_long_months: int = 6
    placement_extended_months: int = 12

    police_number: str = "192"
    ambulance_number: str = "194"

    # Only the demo and tests: a file that names how many seconds the clock is ahead.
    clock_offset_file: Path | None = None

    @property
    def proves(self) -> bool:
        """Whether continuous proof was set up."""
        return bool(self.prober_user)


def load(environ: Mapping[str, str]) -> Settings:
    """Return the settings that the environment describes, or say which name is wrong."""
    names = {PREFIX + item.name.upper(): item for item in fields(Settings)}
    allowed = names.keys() | {name + "_FILE" for name in names} | PERSONAL
    unknown = sorted(name for name in environ if name.startswith(PREFIX) and name not in allowed)
    if unknown:
        raise InvalidInput(mark("Unknown setting {name}. Check its spelling or remove it."), name=unknown[0])
    types = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for name, item in names.items():
        raw = _raw(environ, name)
        if raw is not None:
            values[item.name] = _parse(name, raw, types[item.name])
        elif item.default is MISSING:
            raise InvalidInput(mark("{name} is not set. Set it, or {name}_FILE."), name=name)
    return Settings(**values)


def _raw(environ: Mapping[str, str], name: str) -> str | None:
    path = environ.get(name + "_FILE")
    if path is None:
        return environ.get(name)
    if name in environ:
        raise InvalidInput(mark("Both {name} and {name}_FILE are set. Keep one."), name=name)
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(mark("The file that {name}_FILE names cannot be read."), name=name) from error


def _parse(name: str, raw: str, kind: Any) -> Any:
    if kind is Secret:
        return Secret(raw)
    if kind in (Path, Path | None):
        return Path(raw)
    try:
        value = msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput(mark("{name} is not a valid {kind}."), name=name, kind=kind.__name__) from error
    if kind in (int, float) and not LEAST.get(name, 1e-3) <= value <= GREATEST.get(name, MOST):
        raise InvalidInput(mark("{name} is too small or too large."), name=name)
    return value
