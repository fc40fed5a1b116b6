"""What an administrator decides in the network's directory: signed here, on what was fetched and verified just before.

The rules that everybody else will ask are asked first, of the very bytes. Where another entry came first all is fetched
and judged again; where an answer was lost, what was sent is looked for before anything is sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agencies.trust import deeds, offers
from agencies.trust.deeds import Attest, Deed, Rekey
from agencies.trust.directory import Directory
from agencies.trust.network import LOG, Network
from agencies.trust.offers import Offered
from client.vault import trusting
from client.vault.keys_api import KeysApi
from client.vault.person import Unlocked
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
    """Decides as one administrator. `remembered` are the directory's entries that this machine has verified before."""

    def __init__(self, api: KeysApi, person: Unlocked, remembered: Sequence[bytes] = ()) -> None:
        self._api = api
        self._person = person
        self._remembered = remembered

    async def network(self) -> Network:
        """Return the network as it is now, verified, in which one's own keys are as they are here."""
        person = self._person
        network = await trusting.fetched(self._api, person.network, remembered=self._remembered)
        trusting.require_named(
            network, person=person.person, signing_key=person.signing_key, box_key=person.box_key
        )  # fmt: skip
        return network

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
                network = await self.network()
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


def deed_of(offered: Offered, directory: Directory, at: int) -> Attest | Rekey:
    """Return what an offer asks for: that a person be attested, or that somebody known have other keys."""
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
