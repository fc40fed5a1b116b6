"""Padding: how long a text is says little, and costs little (Padmé, Nikitin et al., PETS 2019, section 4).

What is padded is the length in four bytes, big-endian, the text, and zeros. At most 12 percent are added to anything
longer than the shortest, so that the size of a record tells the order of its length and no more.
"""

from __future__ import annotations

from crypto.vault.failures import NotWhole

LENGTH_BYTES = 4
SHORTEST = 512
# The longest text of a record: 1 MiB. What is longer goes in several.
LONGEST_TEXT = 1_048_576


def padded(text: bytes) -> bytes:
    """Return a text with its length and zeros; raise NotWhole where it is too long for a record."""
    if len(text) > LONGEST_TEXT:
        raise NotWhole
    with_length = len(text).to_bytes(LENGTH_BYTES) + text
    return with_length.ljust(padded_length(len(with_length)), b"\0")


def unpadded(data: bytes) -> bytes:
    """Return the text; raise NotWhole unless these are just the bytes that `padded` makes of it."""
    length = int.from_bytes(data[:LENGTH_BYTES])
    text, rest = data[LENGTH_BYTES : LENGTH_BYTES + length], data[LENGTH_BYTES + length :]
    as_long = len(text) == length <= LONGEST_TEXT and len(data) == padded_length(LENGTH_BYTES + length)
    if not as_long or rest.strip(b"\0"):
        raise NotWhole
    return text


def padded_length(length: int) -> int:
    """Return the length to which so many bytes are padded."""
    if length <= SHORTEST:
        return SHORTEST
    exponent = length.bit_length() - 1
    free = (1 << (exponent - exponent.bit_length())) - 1
    return (length + free) & ~free
