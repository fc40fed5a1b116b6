"""What an administrator decides in the network's directory: signed here, on what was fetched and verified just before.

The rules that everybody else will ask are asked first, of the very bytes. Where another entry came first all is fetched
and judged again; where an answer was lost, what was sent is looked for before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from agencies.trust import deeds, offers
from agencies.trust.deeds import Approve, Attest, Deed, Rekey
from agencies.trust.directory import Directory
from agencies.trust.network import LOG, Network
from agencies.trust.offers import Offered
from client.vault import trusting
from client.vault.keys_api import KeysApi
from client.vault.memory import Memory
from client.vault.person import Unlocked
from client.vault.saying import NOT_KNOWN
from core.errors import Conflict, InvalidInput, Unavailable
from core.texts import mark
from crypto.vault import log, statement
from crypto.vault.failures import Refused
from crypto.vault.log import Kind
from crypto.vault.statement import NO_NETWORK

TRIES = 5
# How long others have to agree.
AGREED_WITHIN_SECONDS = 14 * 24 * 3600
NOT_AN_OFFER = mark("The file {path} is no offer of keys for this network. Ask for it again.")
_WHY: Mapping[str, str] = {
    "not-empowered": mark(
        "You may not decide this: it takes an administrator, of the agency that it is about or of another, and not the "
        "person themselves. Nothing was done."
    ),
    "void": mark(
        "This cannot be decided as things stand: it is done already, has ended, is taken back, or the keys or the "
        "Matrix user are somebody else's. Nothing was done. Look: streha attest list"
    ),
}
_OTHERWISE = mark("No program of the network would take this ({word}). Nothing was done. Update this program.")
TOO_BUSY = mark("Others write here at the same time. Nothing was done. Wait a moment and try again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What an administrator has written: its hash, and whether it still waits for others to agree."""

    hash: bytes
    waits: bool


class Attesting:
    """Decides as one administrator, on a directory that this machine has verified and remembers from then on."""

    def __init__(self, api: KeysApi, person: Unlocked, memory: Memory) -> None:
        self._api = api
        self._person = person
        self._memory = memory

    @property
    def person(self) -> bytes:
        """The id of whoever decides."""
        return self._person.person

    async def network(self) -> Network:
        """Return the network as it is now, verified, in which one's own keys are as they are here."""
        person = self._person

        def require_own(network: Network) -> None:
            trusting.require_named(
                network, person=person.person, signing_key=person.signing_key, box_key=person.box_key
            )  # fmt: skip

        return await trusting.fetched(self._api, self._memory, person.network, require=require_own)

    async def decide(self, deed: Deed, at: int) -> Decision:
        """Write one entry of the directory; raise StrehaError where it may not stand, and nothing is written."""
        sent: list[bytes] = []
        for _ in range(TRIES):
            network = await self.network()
            for each in sent:
                if statement.hash_of(each) in network.chain.hashes:
                    return _decision(each, network.now)
            made, after = self._judged(network, deed, at)
            sent.append(made)
            try:
                await self._api.append_to_directory(made)
            except Unavailable:
                try:
                    network = await self.network()
                except Unavailable as error:
                    raise Unavailable(NOT_KNOWN) from error
                if statement.hash_of(made) not in network.chain.hashes:
                    raise
                return _decision(made, network.now)
            except Conflict as refused:
                if refused.outcome != "not-next":
                    raise
            else:
                return _decision(made, after)
        raise Conflict(TOO_BUSY)

    def _judged(self, network: Network, deed: Deed, at: int) -> tuple[bytes, Directory]:
        do, particulars = deeds.written(deed)
        body = log.body(
            log=LOG, number=network.head.number + 1, after=network.head.hash, at=at, by=self._person.person, do=do,
            particulars=particulars,
        )  # fmt: skip
        made = statement.make(self._person.keys.seed, Kind.DIRECTORY.purpose, network.id, body)
        try:
            return made, network.judge(made)[1]
        except Refused as refused:
            raise Conflict(_WHY.get(refused.outcome, _OTHERWISE), word=refused.outcome) from refused


def read_offer(data: bytes, network: bytes, path: str) -> Offered:
    """Return an offer for a network, or for one that its author does not trust yet; raise InvalidInput."""
    try:
        try:
            return offers.read(data, network)
        except Refused:
            return offers.read(data, NO_NETWORK)
    except Refused as refused:
        raise InvalidInput(NOT_AN_OFFER, path=path, outcome=refused.outcome) from refused


def deed_of(offered: Offered, directory: Directory, at: int, by: bytes) -> Attest | Rekey | Approve:
    """Return what an offer asks for: that a person be attested, or that somebody known have other keys.

    Where another administrator has proposed just that and it waits, the second one agrees to it.
    """
    return or_agreed(_asked_for(offered, directory, at), directory, at, by)


def or_agreed(deed: Attest | Rekey, directory: Directory, at: int, by: bytes) -> Attest | Rekey | Approve:
    """Return a deed, or that one agrees (`by`) to just the same which another has proposed and which waits."""
    for each in directory.proposals.values():
        waits = at < each.deed.until and by not in each.by
        if waits and type(each.deed) is type(deed) and msgspec.structs.replace(each.deed, until=deed.until) == deed:
            return Approve(proposal=each.hash)
    return deed


def _asked_for(offered: Offered, directory: Directory, at: int) -> Attest | Rekey:
    said, until = offered.offer, at + AGREED_WITHIN_SECONDS
    known = directory.people.get(said.person)
    keys = (offered.signing_key, said.box_key)
    if known is not None and (known.signing_key, known.box_key) != keys:
        return Rekey(person=said.person, signing_key=keys[0], box_key=keys[1], until=until)
    attested = offered.attested(b"" if known is None else known.matrix_master)
    return Attest(**{name: getattr(attested, name) for name in attested.__struct_fields__}, until=until)


def _decision(made: bytes, after: Directory) -> Decision:
    hashed = statement.hash_of(made)
    return Decision(hash=hashed, waits=after.proposals.get(hashed) is not None)
