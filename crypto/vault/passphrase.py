"""A passphrase as it was meant, however the keyboard stood: of easy letters, in either script and either case.

The words of the lists (`client.vault.passphrases`) are made of the letters from a to v without q. These lie at the
same places of an English, a German and a Serbian keyboard, and the Serbian Cyrillic keyboard has just their Cyrillic
ones there. So what is made of them and of spaces alone is taken as lower-case Latin, whatever was on. Anything else
stays as it was typed. This comes before `bundle.normal`; its twin is `server/console/vault/passphrase.js`.
"""

from __future__ import annotations

from typing import Final

_LATIN: Final = "abcdefghijklmnoprstuv"
_CYRILLIC: Final = dict(
    zip("абцдефгхијклмнопрстув", _LATIN, strict=True),
    љ="lj",
    њ="nj",
)
_SPACES: Final = "\t\n\r \u00a0"
_PLAIN: Final = {
    **{each: each for each in _SPACES},
    **{each: each for each in _LATIN},
    **{each.upper(): each for each in _LATIN},
    **_CYRILLIC,
    **{each.upper(): latin for each, latin in _CYRILLIC.items()},
}


def plain(passphrase: str) -> str:
    """Return a passphrase of easy letters in lower-case Latin; any other as it is."""
    if all(each in _PLAIN for each in passphrase):
        return "".join(_PLAIN[each] for each in passphrase)
    return passphrase
