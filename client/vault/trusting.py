"""The directory as a machine fetches it alone: verified from the genesis that the person trusts, and remembered.

First trust comes from paper (an invitation, or the founders' fingerprint), never from the server. What it gives is held
against that: the genesis, every entry by the rules, and what this machine has verified before. All commands that ask
for the directory without a compartment come by here. Where they are shown another one than this machine knows, both
statements are kept as proof, and work stops until a person says that it is cleared up, as for the rest of the vault
(`client.vault.logs`, `client.vault.forks`).
"""

from __future__ import annotations

from collections.abc import Callable

from agencies.trust.network import Network
from client.vault import refusals
from client.vault.keys_api import KeysApi
from client.vault.logs import DIRECTORY, Logs
from client.vault.memory import Memory
from core.errors import Conflict, InvalidInput, StrehaError
from core.texts import mark

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
FORKED = mark(
    "DANGER: the server shows another directory than before, or than others were shown. Nothing was believed; both are "
    "kept as proof in {path}. Tell an administrator of another agency, by a number you know, and the operator. Once it "
    "is cleared up: streha compartment forget --directory"
)
OTHER_KEYS = mark(
    "The directory does not name your keys for you. Ring your administrator: compare the code of your offer once more."
)


async def fetched(
    api: KeysApi, memory: Memory, genesis: bytes, *, require: Callable[[Network], None] = lambda _network: None
) -> Network:
    """Return the whole directory, verified, and remember it; raise StrehaError where it is another one.

    What this machine has verified before must stand in it unchanged. Where `require` refuses what is right and not what
    is wanted, nothing is remembered.
    """
    memory.require_no_proof(DIRECTORY)
    logs = Logs(genesis, memory)
    logs.recall_directory()
    await _follow(api, logs)
    network = logs.network
    if network is None:
        raise InvalidInput(CUT)
    require(network)
    logs.save_directory()
    return network


async def _follow(api: KeysApi, logs: Logs) -> None:
    """Take in all that the server shows; from the last entry that is known on, which must be the same there."""
    while True:
        had = logs.count(DIRECTORY)
        start = max(had - 1, 0)
        page = await api.directory(start)
        if page.length < had or page.length > MOST_ENTRIES:
            raise InvalidInput(CUT)
        try:
            for number, each in enumerate(page.entries, start):
                logs.take(DIRECTORY, number, each)
        except StrehaError as refused:
            raise _said(refused) from refused
        if 0 < page.length <= logs.count(DIRECTORY) and page.entries:
            return
        if logs.count(DIRECTORY) == had:
            # It says that there is more, and gives none of it; or does not give what is known.
            raise InvalidInput(CUT)


def _said(refused: StrehaError) -> StrehaError:
    """Return what is said of a directory that was refused: here nobody leads a case."""
    if refused.reason == refusals.OTHER_NETWORK:
        return InvalidInput(OTHER_NETWORK)
    if refused.reason == refusals.FORKED:
        return Conflict(FORKED, outcome=refused.outcome, **refused.parameters)
    return InvalidInput(NOT_RIGHT, outcome=refused.outcome, word=refused.outcome) if refused.outcome else refused


def require_named(network: Network, *, person: bytes, signing_key: bytes, box_key: bytes) -> None:
    """Refuse a directory that gives a person other keys than their own."""
    member = network.now.people.get(person)
    if member is None or (member.signing_key, member.box_key) != (signing_key, box_key):
        raise InvalidInput(OTHER_KEYS)
