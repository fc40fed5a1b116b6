"""An invitation as it stands on paper and in a QR code: which network, with which past, at which address, and a token.

What makes somebody's first trust not the server's word (docs/protocol.md, *Invitations*): the hash of the genesis and
one head of the directory, as an administrator's machine had verified them, and the role that a newcomer signs. The
token is known to the server by its hash alone. Rows of letters notice a slip of the pen each by itself; a check at the
end covers the address too. The other program is `server/console/vault/invitations.js`; both pass
`tests/vectors/invitation.json`. Pure; who prints and who types is the commands' matter (`streha.commands.inviting`,
`streha.commands.joining`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nacl.utils import random

from crypto.paper import ALPHABET
from crypto.vault.failures import InvitationWrong, NotWhole, RowWrong, UnknownVersion
from crypto.vault.hashing import hashed
from crypto.vault.labels import INVITATION_CHECK, INVITATION_ROW

VERSION = 2
TOKEN_BYTES = 16
HASH_BYTES, CHECK_BYTES = 32, 8
# What somebody may be invited as: its number, from one on, stands behind the version.
ROLES = ("practitioner", "security_officer", "administrator")
BYTES = 1 + 1 + HASH_BYTES + HASH_BYTES + TOKEN_BYTES + CHECK_BYTES
ROW_BYTES = 10
ROWS = BYTES // ROW_BYTES
GROUP_LETTERS = 5
DATA_LETTERS, CHECK_LETTERS = 16, 4
ROW_LETTERS = DATA_LETTERS + CHECK_LETTERS
LONGEST_ADDRESS = 200
# Nobody has to read further: a whole invitation is shorter, however it was spaced.
LONGEST_TEXT = 4096
_SCHEME = "https://"
_ADDRESS = re.compile(r"[!-~]+")
_SPACE = "\t\n\r \u00a0"
_SPACES = re.compile(f"[{_SPACE}]+")
# What people write for what they read, in letters of ASCII alone: every program must read the same.
_SMALL = "abcdefghijklmnopqrstuvwxyz"
_WRITTEN = str.maketrans(_SMALL + "OIL", _SMALL.upper().translate(str.maketrans("OIL", "011")) + "011", _SPACE + "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What an invitation says.

    `role` is one of `ROLES`. `genesis` and `head` are hashes of 32 bytes: of the first entry of the directory, and of
    the last when it was made; which one that was is not said, so that nobody learns how long the directory is.
    `token` has 16 bytes. `address` is where Streha is, with its scheme.
    """

    role: str
    genesis: bytes
    head: bytes
    token: bytes = field(repr=False)
    address: str

    def __post_init__(self) -> None:
        """Refuse what could not be written."""
        lengths = (len(self.genesis), len(self.head), len(self.token))
        if lengths != (HASH_BYTES, HASH_BYTES, TOKEN_BYTES):
            raise ValueError("an invitation has two hashes of 32 bytes and a token of 16")
        if self.role not in ROLES:
            raise ValueError("an invitation is for a role of the list")
        _require_address(self.address)


def new_token() -> bytes:
    """Return a random token, from libsodium."""
    return random(TOKEN_BYTES)


def rows(invitation: Invitation) -> list[str]:
    """Return what is typed from paper: nine rows of four groups; the address stands beside them."""
    whole = _whole(invitation)
    return [_row(number, whole[number * ROW_BYTES :][:ROW_BYTES]) for number in range(ROWS)]


def shown_address(invitation: Invitation) -> str:
    """Return the address as it is typed: without its scheme where that is the one that it nearly always is."""
    return invitation.address.removeprefix(_SCHEME)


def text(invitation: Invitation) -> str:
    """Return what the QR code says: the rows and the address, as they stand on the paper."""
    return "\n".join([*rows(invitation), shown_address(invitation)])


def read_row(typed: str, row: int) -> str:
    """Return a typed row as it is written on the paper; raise RowWrong. `row` counts from one."""
    letters = _letters(typed)
    if len(letters) != ROW_LETTERS or any(letter not in ALPHABET for letter in letters):
        raise RowWrong(row)
    data = _number(letters[:DATA_LETTERS]).to_bytes(ROW_BYTES)
    written = _row(row - 1, data)
    if written.replace(" ", "") != letters:
        raise RowWrong(row)
    return written


def read(typed: str) -> Invitation:
    """Return the invitation of a whole text, however it was spaced; raise Refused.

    The address is the one word in it with a dot, a colon or a slash.
    """
    if len(typed) > LONGEST_TEXT:
        raise NotWhole
    words = [each for each in _SPACES.split(typed) if each]
    addresses = [each for each in words if any(sign in each for sign in ".:/")]
    letters = "".join(each for each in words if each not in addresses)
    if len(addresses) != 1:
        raise NotWhole
    return put_together(_split(letters), addresses[0])


def put_together(typed: list[str], address: str) -> Invitation:
    """Return the invitation of nine rows and an address; raise Refused."""
    if len(typed) != ROWS:
        raise NotWhole
    letters = [_letters(read_row(each, number)) for number, each in enumerate(typed, start=1)]
    whole = b"".join(_number(each[:DATA_LETTERS]).to_bytes(ROW_BYTES) for each in letters)
    if whole[0] != VERSION:
        raise UnknownVersion
    address = address.strip()
    address = address if "://" in address else _SCHEME + address
    try:
        _require_address(address)
    except ValueError as error:
        raise InvitationWrong from error
    body, check = whole[:-CHECK_BYTES], whole[-CHECK_BYTES:]
    if check != _check(body, address):
        raise InvitationWrong
    role, rest = body[1], body[2:]
    if not 1 <= role <= len(ROLES):
        # The check holds: a later program has made it so.
        raise UnknownVersion
    genesis, rest = rest[:HASH_BYTES], rest[HASH_BYTES:]
    return Invitation(
        role=ROLES[role - 1], genesis=genesis, head=rest[:HASH_BYTES], token=rest[HASH_BYTES:], address=address,
    )  # fmt: skip


def _whole(invitation: Invitation) -> bytes:
    body = (
        bytes([VERSION, 1 + ROLES.index(invitation.role)]) + invitation.genesis + invitation.head + invitation.token
    )  # fmt: skip
    return body + _check(body, invitation.address)


def _check(body: bytes, address: str) -> bytes:
    return hashed(INVITATION_CHECK, body + address.encode("ascii"))[:CHECK_BYTES]


def _row(number: int, data: bytes) -> str:
    """Return sixteen letters of a row with four that depend on them and on its place, in groups of five."""
    check = int.from_bytes(hashed(INVITATION_ROW, bytes([number]) + data)[:3]) >> (24 - 5 * CHECK_LETTERS)
    letters = _written(int.from_bytes(data), DATA_LETTERS) + _written(check, CHECK_LETTERS)
    return " ".join(letters[place : place + GROUP_LETTERS] for place in range(0, ROW_LETTERS, GROUP_LETTERS))


def _letters(typed: str) -> str:
    return typed.translate(_WRITTEN)


def _split(letters: str) -> list[str]:
    letters = _letters(letters)
    if len(letters) != ROWS * ROW_LETTERS:
        raise NotWhole
    return [letters[place : place + ROW_LETTERS] for place in range(0, len(letters), ROW_LETTERS)]


def _written(number: int, letters: int) -> str:
    return "".join(ALPHABET[number >> shift & 31] for shift in range(5 * letters - 5, -5, -5))


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number << 5 | ALPHABET.index(letter)
    return number


def _require_address(address: str) -> None:
    if not _ADDRESS.fullmatch(address) or len(address) > LONGEST_ADDRESS or "://" not in address:
        raise ValueError("an address has a scheme and up to 200 printable ASCII characters")
