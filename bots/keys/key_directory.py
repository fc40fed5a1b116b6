"""Whose keys are whose: published devices and identities, checked, kept, and never silently replaced.

Owns the memory of what `/keys/query` proved (`bots.keys.published_keys` reads the answers) and of what must be asked
again. Whether an identity is the one that was confirmed is the rule of `bots.keys.attested`; here a change is noticed,
from an answer to a question that was asked since. `bots.keys.sharing` and `bots.device.device` ask before they send or
believe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from nio.crypto import (  # type: ignore[import-untyped]  # nio ships no types
    DeviceStore,
    OlmDevice,
)

from agencies.attestation import Attestation
from bots.keys.attested import Attestations, Standing, everybody
from bots.keys.published_keys import PublishedDevice, UserKeys, mentions, read_user
from bots.olm.olm_store import OlmStore
from core import logs, metrics
from core.clock import Clock

log = logs.get(__name__)

_SEEN_CHANGED = "identities seen to change"
# Of so many people at once no homeserver takes the identities away: something on the way leaves them out.
SEVERAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What is known of the sender of an opened message."""

    device_id: str | None
    identity: str | None
    bound: bool


class KeyDirectory:
    """Every user's published keys, in memory and in the store."""

    def __init__(self, store: OlmStore, devices: DeviceStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._nio_devices = devices
        self._users: dict[str, UserKeys] = {}
        # Changes are numbered, so that an answer to an older question cannot pass for a newer one.
        self._change = 0
        self._changed: dict[str, int] = {}
        # The last change of somebody who was not known then: perhaps a first question about them was under way.
        self._stranger_changed = 0
        # Which question the newest answer about each user was to.
        self._learnt: dict[str, int] = {}
        # Who publishes a device with this identity key: each key should be one person's.
        self._claims: dict[str, set[str]] = {}
        # Whether several people's identities were gone at the last answer, which is told once.
        self._several = False
        self._watchers: list[Callable[[], None]] = []
        self._losers: list[Callable[[str], None]] = []
        self.attestations = Attestations(store.value(_SEEN_CHANGED) or ())
        for user_id, record in store.users().items():
            self._remember(_from_record(user_id, record))
            self._tell_nio(user_id, UserKeys(user_id=user_id))

    def watch(self, woken: Callable[[], None]) -> None:
        """Call this whenever a known user's keys are said to have changed, or whose identity counts."""
        self._watchers.append(woken)

    def watch_losses(self, lost: Callable[[str], None]) -> None:
        """Call this with everybody who may not read any more, at once: the next message must be sealed without them."""
        self._losers.append(lost)

    def attest(self, standing: Mapping[str, Attestation], vouched: Callable[[Attestation], bool] = everybody) -> None:
        """Take in whose identity is confirmed now, and whose of them the network's directory attests."""
        before = self._attested()
        with self._store.transaction():
            news = self.attestations.replace(standing, vouched)
            if news:
                self._keep_seen_changed()
            # What is known may be older than what was confirmed: only an answer from now on tells of a change.
            self._forget_absences(news)
            self.mark_changed([each for each in news if self.attestations.differs(each, self.keys_of(each))])
        after = self._attested()
        metrics.IDENTITIES_MISSING.set(len(self._missing()))
        self._lose(before - after)
        if before != after:
            self._wake()

    def standing_of(self, user_id: str) -> Standing:
        """Return what a user's published identity is to the bot."""
        return self.attestations.standing_of(user_id, self.keys_of(user_id))

    def readers(self, user_id: str) -> list[PublishedDevice]:
        """Return the devices on which a user may read: those that the confirmed identity has signed."""
        if self.standing_of(user_id) is not Standing.ATTESTED:
            return []
        return [device for device in self.keys_of(user_id).devices.values() if device.cross_signed]

    def keys_of(self, user_id: str) -> UserKeys:
        """Return what is known of a user, which may be nothing."""
        return self._users.get(user_id) or UserKeys(user_id=user_id)

    def knows(self, user_id: str) -> bool:
        """Tell whether the user's keys were ever asked for."""
        return user_id in self._users

    def outdated(self, user_ids: Iterable[str]) -> list[str]:
        """Return those of these users whose keys must be asked for."""
        return sorted(user_id for user_id in set(user_ids) if not self.keys_of(user_id).current)

    def mark_changed(self, user_ids: Iterable[str]) -> None:
        """Note that the homeserver says these users' keys have changed. Inside a transaction."""
        self._change += 1
        for user_id in user_ids:
            known = self._users.get(user_id)
            if known is None:
                self._stranger_changed = self._change
                continue
            self._changed[user_id] = self._change
            if known.current:
                self._keep(replace(known, current=False))
                self._wake()

    def mark_all_changed(self) -> None:
        """Note that anybody's keys may have changed: what was said of that is lost. Inside a transaction."""
        self.mark_changed([*self._users])

    def doubt(self, user_ids: Iterable[str]) -> None:
        """Have those of these users asked for again who have no signed device, as far as is known."""
        for user_id in user_ids:
            known = self._users.get(user_id)
            if known is not None and known.current and not known.has_signed_device:
                self._users[user_id] = replace(known, current=False)

    def asking(self) -> int:
        """Return the number of a question that is asked now, to be given to `learn` with the answer."""
        self._change += 1
        return self._change

    def learn(self, answer: Mapping[str, Any], user_ids: Iterable[str], asked_at: int) -> None:
        """Take in an answer to `/keys/query`. Users whom it does not mention stay as they were.

        So do those of whom an answer to a later question is known already.
        """
        with self._store.transaction():
            told = [each for each in user_ids if mentions(answer, each) and asked_at >= self._learnt.get(each, 0)]
            could_read = [each for each in told if self.standing_of(each) is Standing.ATTESTED]
            for user_id in told:
                self._learnt[user_id] = asked_at
                if user_id not in self._users:
                    self._changed[user_id] = self._stranger_changed
                self._learn_of(user_id, answer, answered=self._answers(user_id, asked_at))
            self._hold_absences()
            self._notice([each for each in told if self._answers(each, asked_at)])
        metrics.IDENTITIES_MISSING.set(len(self._missing()))
        lost = [each for each in could_read if self.standing_of(each) is not Standing.ATTESTED]
        if lost:
            self._lose(lost)
            self._wake()

    def believe(self, sender: str, curve25519: str, ed25519: str) -> Believed:
        """Return what is known of a sender whose session came from these device keys."""
        keys = self.keys_of(sender)
        device = keys.device_with_key(curve25519)
        if device is None or device.ed25519 != ed25519:
            return Believed(device_id=None, identity=keys.identity, bound=False)
        bound = device.cross_signed and self.standing_of(sender) is Standing.ATTESTED
        return Believed(device_id=device.device_id, identity=keys.identity, bound=bound)

    def _learn_of(self, user_id: str, answer: Mapping[str, Any], *, answered: bool) -> None:
        before = self.keys_of(user_id)
        after = read_user(answer, user_id, before, self._clock.now().timestamp())
        # Whose confirmed identity is not shown is asked for until it is, or has vanished for sure.
        awaited = after.identity is None and self.attestations.confirmed(user_id) and not after.vanished
        self._keep(replace(after, current=after.current and answered and not awaited))
        if awaited or not after.current:
            log.warning("identity_left_out")
        if any(len(self._claims[device.curve25519]) > 1 for device in after.devices.values()):
            log.warning("device_key_claimed_twice")
        self._tell_nio(user_id, before)

    def _answers(self, user_id: str, asked_at: int) -> bool:
        """Whether an answer to this question tells of all that is said to have changed."""
        return self._changed.get(user_id, 0) <= asked_at

    def _missing(self) -> list[str]:
        """Return the confirmed people whose identity the newest answers about them do not know."""
        confirmed = (each for each in self.attestations.users if self.attestations.confirmed(each))
        return sorted(each for each in confirmed if self.keys_of(each).absences)

    def _hold_absences(self) -> None:
        """Where several people's identities are gone it is the answers that are broken: nobody's has vanished."""
        missing = self._missing()
        if len(missing) < SEVERAL:
            self._several = False
            return
        if not self._several:
            log.error("identities_missing", count=len(missing))
        self._several = True
        now = self._clock.now().timestamp()
        for user_id in missing:
            self._keep(replace(self.keys_of(user_id), current=False, absent_since=now, absent_for=0.0))

    def _forget_absences(self, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            known = self.keys_of(user_id)
            if known.absences:
                self._keep(replace(known, current=False, absences=0, absent_since=None, absent_for=0.0))

    def _notice(self, user_ids: Iterable[str]) -> None:
        differing = [each for each in user_ids if self.attestations.differs(each, self.keys_of(each))]
        for user_id in differing:
            self.attestations.notice(user_id)
        if differing:
            self._keep_seen_changed()

    def _keep_seen_changed(self) -> None:
        self._store.keep_value(_SEEN_CHANGED, self.attestations.seen_changed)

    def _attested(self) -> set[str]:
        return {user_id for user_id in self.attestations.users if self.standing_of(user_id) is Standing.ATTESTED}

    def _lose(self, user_ids: Iterable[str]) -> None:
        for user_id in sorted(user_ids):
            for lost in self._losers:
                lost(user_id)

    def _wake(self) -> None:
        for woken in self._watchers:
            woken()

    def _remember(self, keys: UserKeys) -> None:
        for key in {device.curve25519 for device in self.keys_of(keys.user_id).devices.values()}:
            self._claims[key].discard(keys.user_id)
            if not self._claims[key]:
                del self._claims[key]
        for device in keys.devices.values():
            self._claims.setdefault(device.curve25519, set()).add(keys.user_id)
        self._users[keys.user_id] = keys

    def _keep(self, keys: UserKeys) -> None:
        self._remember(keys)
        record = {
            "identity": keys.identity,
            "self_signing": keys.self_signing,
            "current": keys.current,
            "absences": keys.absences,
            "absent_since": keys.absent_since,
            "absent_for": keys.absent_for,
            "devices": {device_id: asdict(device) for device_id, device in keys.devices.items()},
        }
        self._store.keep_user(keys.user_id, record)

    def _tell_nio(self, user_id: str, before: UserKeys) -> None:
        """Keep nio's list of devices the same: it looks there when a one-to-one session breaks."""
        entries = self._nio_devices[user_id]
        for device_id in before.devices:
            entries.pop(device_id, None)
        for device in self._users[user_id].devices.values():
            keys = {"ed25519": device.ed25519, "curve25519": device.curve25519}
            entries[device.device_id] = OlmDevice(user_id, device.device_id, keys)


def _from_record(user_id: str, record: Mapping[str, Any]) -> UserKeys:
    devices = {device_id: PublishedDevice(**device) for device_id, device in record["devices"].items()}
    return UserKeys(
        user_id=user_id,
        identity=record["identity"],
        # Records of before lack it; the next answer fills it in.
        self_signing=record.get("self_signing"),
        devices=devices,
        current=bool(record["current"]),
        absences=record.get("absences", 0),
        absent_since=record.get("absent_since"),
        absent_for=record.get("absent_for", 0.0),
    )
