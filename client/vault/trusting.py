"""The directory as a machine fetches it: verified from the genesis that the person trusts, before anything is believed.

First trust comes from paper (an invitation, or the founders' fingerprint), never from the server. What it gives is held
against that: the genesis, every entry by the rules, and what this machine has verified before.
"""

from __future__ import annotations

from collections.abc import Sequence

from agencies.trust.network import Network
from client.vault.keys_api import KeysApi
from core.errors import InvalidInput
from core.texts import mark
from crypto.vault import statement
from crypto.vault.failures import Behind, Refused
from crypto.vault.log import Head

# A directory of a hundred thousand entries is larger than any; whoever gives more gives nonsense.
MOST_ENTRIES = 200_000
OTHER_NETWORK = mark(
    "DANGER: the server shows another network than your paper. Nothing was believed. Ring whoever gave you the paper, "
    "by a number you know, before you do anything else."
)
NOT_RIGHT = mark(
    "DANGER: the server's directory breaks the rules of the network ({word}). Nothing was believed. Tell an "
    "administrator of another agency, by a number you know."
)
CUT = mark(
    "DANGER: the server holds back entries of the directory that this machine knows, or that it has said are "
    "there. Nothing was believed. Tell an administrator of another agency, by a number you know."
)
OTHER_KEYS = mark(
    "The directory does not name your keys for you. Ring your administrator: compare the code of your offer once more."
)


async def fetched(
    api: KeysApi, genesis: bytes, *, remembered: Sequence[bytes] = (), head: tuple[int, bytes] | None = None
) -> tuple[Network, list[bytes]]:
    """Return the whole directory, verified, and its entries; raise InvalidInput where it is another one.

    What this machine has verified before (`remembered`, from the genesis on) must stand in it unchanged, and so must
    the entry that a paper names (`head`: its number and hash).
    """
    page = await api.directory(0)
    if not page.entries or statement.hash_of(page.entries[0]) != genesis:
        raise InvalidInput(OTHER_NETWORK)
    try:
        network, entries, taken = Network(page.entries[0]), page.entries[1:], page.entries[:1]
        while True:
            for each in entries:
                network.take(each)
            taken += entries
            if network.head.number + 1 >= page.length:
                break
            page = await api.directory(network.head.number + 1)
            entries = page.entries
            if not entries or network.head.number + len(entries) > MOST_ENTRIES:
                raise InvalidInput(CUT)
        if remembered:
            number, last = len(remembered) - 1, statement.hash_of(remembered[-1])
            network.chain.require(_head(network, number, last))
        if head is not None:
            network.chain.require(_head(network, *head))
    except Behind as refused:
        raise InvalidInput(CUT, outcome=refused.outcome) from refused
    except Refused as refused:
        raise InvalidInput(NOT_RIGHT, word=refused.outcome) from refused
    return network, taken


def _head(network: Network, number: int, hashed: bytes) -> Head:
    return Head(kind=network.chain.kind, log=network.chain.log, number=number, hash=hashed)


def require_named(network: Network, *, person: bytes, signing_key: bytes, box_key: bytes) -> None:
    """Refuse a directory that gives a person other keys than their own."""
    member = network.now.people.get(person)
    if member is None or (member.signing_key, member.box_key) != (signing_key, box_key):
        raise InvalidInput(OTHER_KEYS)
