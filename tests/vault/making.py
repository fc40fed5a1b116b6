"""The vault's vectors: what every program that speaks its protocol must come to, given the same bytes.

Owns the files of `tests/vectors`, one for each construction: cases with `does`, `given` and one `outcome`, which is
"ok" or the word of a refusal, and what it `gives`. `python -m tests.vault.making` writes them anew; keys come from
fixed seeds and nonces from chance, so that is done when the protocol changes and not otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crypto import signing
from crypto.vault import (
    aead,
    bundle,
    content,
    deterministic,
    epoch,
    history,
    log,
    padding,
    sealed_box,
    statement,
    wrap,
)
from crypto.vault.deterministic import Value
from crypto.vault.labels import EXPORT, GENESIS, GRANT, KNOWN, MEMBERSHIP, RECORD
from tests.vault import assessed
from tests.vault.cases import Cases
from tests.vault.drawn import (
    BOX_KEY,
    COMPARTMENT,
    KEY,
    NETWORK,
    OTHER_NETWORK,
    PERSON,
    RECORD_ID,
    SECRET,
    SEED,
    VERSION,
    drawn,
)
from tests.vault.papers import invitations, key_offers
from tests.vault.stories import known_stories, stories
from tests.vault.tried import OK, Case, Given

FOLDER = Path(__file__).parents[1] / "vectors"


PLACE: Given = {
    "network": NETWORK.hex(), "compartment": COMPARTMENT.hex(), "record": RECORD_ID.hex(), "version": VERSION.hex(),
}  # fmt: skip
_CONTEXT = content.Place(network=NETWORK, compartment=COMPARTMENT, record=RECORD_ID, version=VERSION)


def _deterministic() -> Iterator[Cases]:
    cases = Cases()
    values: Mapping[str, Value] = {
        "zero": 0, "twenty-three": 23, "twenty-four": 24, "a byte": 255, "two bytes": 256, "four bytes": 65_536,
        "eight bytes": 2**32, "the greatest": 2**53 - 1, "no text": "", "text": "Ćao, čuvaj se", "no bytes": b"",
        "bytes": b"\0\xff", "true": True, "false": False, "null": None, "no array": [],
        "an array": [1, "a", b"b", None], "no map": {}, "a map in order": {"b": 1, "aa": 2, "c": [{}]},
        "as deep as it may be": [[[[[[[[]]]]]]]], "a byte order mark inside": "a\ufeff",
    }  # fmt: skip
    for name, value in values.items():
        cases.well(name, "deterministic.decode", {"bytes": deterministic.encode(value).hex()})
    for name, raw in {
        "a number that is longer than it must be": "1800", "a negative number": "20",
        "beyond 2^53": "1b0020000000000000",
        "a float": "f93c00", "a tag": "c101", "a big number": "c24101", "undefined": "f7", "an open array": "9f01ff",
        "an open text": "7f6161ff", "a map out of order": "a2616201616102", "a key twice": "a2616101616102",
        "a longer key first": "a262616101616202", "a number as key": "a10102", "bytes as key": "a1416101",
        "a key of 24 bytes": "a17818" + "61" * 24 + "01", "text that is no UTF-8": "61ff", "half a pair": "63eda080",
        "cut": "8201", "something behind": "0000", "nothing": "", "too deep": "81" * 9 + "80",
        "an unknown simple value": "f0", "reserved": "1c", "a byte order mark in front": "64efbbbf61",
        "a key with one": "a164efbbbf6101",
    }.items():  # fmt: skip
        cases.add(name, "deterministic.decode", "not-deterministic", {"bytes": raw})
    yield cases


def _entry(number: int, after: bytes, do: str = "open", **more: Any) -> bytes:
    body = log.body(
        log=COMPARTMENT, number=number, after=after, at=1_900_000_000 + number, by=PERSON, do=do, particulars={}, **more
    )
    return statement.make(SEED, MEMBERSHIP, NETWORK, body)


def _statements() -> Iterator[Cases]:
    cases = Cases()
    body = deterministic.encode({"do": "example", "number": 7})
    cases.well("made", "statement.make", {
        "seed": SEED.hex(), "purpose": RECORD, "network": NETWORK.hex(), "body": body.hex(),
    })  # fmt: skip
    good = statement.make(SEED, RECORD, NETWORK, {"do": "example", "number": 7})
    given = {"statement": good.hex(), "purpose": RECORD, "network": NETWORK.hex()}
    cases.well("verified", "statement.verified", given)
    cases.well("a genesis, which has no network yet", "statement.verified", {
        "statement": statement.make(SEED, GENESIS, statement.NO_NETWORK, {}).hex(), "purpose": GENESIS,
        "network": statement.NO_NETWORK.hex(),
    })  # fmt: skip
    cases.otherwise("statement.verified", given, {
        "for another purpose": ("signature-wrong", "purpose", GRANT),
        "of another network": ("signature-wrong", "network", OTHER_NETWORK.hex()),
        "of a later version": ("unknown-version", "statement", (b"\x02" + good[1:]).hex()),
        "without a body": ("not-whole", "statement", good[:97].hex()),
        "by another key": (
            "signature-wrong", "statement", (good[:1] + signing.public_key(KEY) + good[33:]).hex()
        ),
        "too long": ("not-whole", "statement", [good.hex(), 65_536]),
    })  # fmt: skip
    cases.altered("statement.verified", given, "statement", {
        "the version": (0, "unknown-version"), "the key": (1, "signature-wrong"),
        "the signature": (40, "signature-wrong"), "the end of the signature": (96, "signature-wrong"),
        "the body": (-1, "signature-wrong"),
    }, "signature-wrong", "signature-wrong")  # fmt: skip
    for name, raw, outcome in (
        ("signed, and not deterministic", b"\x18\x00", "not-deterministic"),
        ("signed, and no map", b"\x80", "not-as-written"),
    ):
        signed = b"\x01" + signing.public_key(SEED) + signing.sign_for(SEED, RECORD, NETWORK, raw) + raw
        cases.add(name, "statement.verified", outcome, {**given, "statement": signed.hex()})
    yield cases


def _logs() -> Iterator[Cases]:
    cases = Cases()
    kind = int(log.Kind.MEMBERSHIP)
    first = _entry(0, log.START)
    seen = (
        log.Head(kind=log.Kind.DIRECTORY, log=bytes(16), number=4, hash=drawn("entry of the directory")),
        log.Head(kind=log.Kind.RECORDS, log=COMPARTMENT, number=2, hash=drawn("entry of the records")),
    )
    second = _entry(1, statement.hash_of(first), "add", seen=seen)
    other = _entry(1, statement.hash_of(first), "remove")
    third = _entry(2, statement.hash_of(second), "close")
    given = {"statement": second.hex(), "kind": kind, "network": NETWORK.hex()}
    cases.well("an entry", "log.read", given)
    cases.otherwise("log.read", given, {
        "offered as one of another log": ("signature-wrong", "kind", int(log.Kind.DIRECTORY)),
        "of another network": ("signature-wrong", "network", OTHER_NETWORK.hex()),
    })  # fmt: skip
    body = log.body(log=COMPARTMENT, number=0, after=log.START, at=1, by=PERSON, do="open", particulars={})
    heads: list[Value] = [[int(each.kind), each.log, each.number, each.hash] for each in seen]
    wrong: Mapping[str, dict[str, Value]] = {
        "a field too many": {"more": 1}, "a log of 15 bytes": {"log": bytes(15)},
        "a person of 17 bytes": {"by": bytes(17)},
        "a hash of 31 bytes": {"after": bytes(31)}, "a number that is text": {"number": "0"},
        "a number that is true": {"number": True}, "no deed": {"do": ""}, "a deed too long": {"do": "x" * 33},
        "particulars that are no map": {"with": []}, "heads out of order": {"seen": [heads[1], heads[0]]},
        "a head twice": {"seen": [heads[0], heads[0]]}, "its own log among the heads": {
            "seen": [[kind, COMPARTMENT, 0, log.START]]
        },
        "a head of an unknown kind": {"seen": [[3, COMPARTMENT, 0, log.START]]},
        "a head that is cut": {"seen": [[0, COMPARTMENT, 0]]},
        "more heads than may be": {"seen": [[0, number.to_bytes(16), 0, log.START] for number in range(65)]},
    }  # fmt: skip
    for name, changes in wrong.items():
        signed = statement.make(SEED, MEMBERSHIP, NETWORK, {**body, **changes})
        cases.add(name, "log.read", "not-as-written", {**given, "statement": signed.hex()})
    less = {name: value for name, value in body.items() if name != "seen"}
    signed = statement.make(SEED, MEMBERSHIP, NETWORK, less)
    cases.add("a field too few", "log.read", "not-as-written", {**given, "statement": signed.hex()})

    whole = {"kind": kind, "log": COMPARTMENT.hex(), "network": NETWORK.hex()}
    for name, entries, outcome in (
        ("no entry", (), OK),
        ("three entries", (first, second, third), OK),
        ("the first is missing", (second, third), "not-next"),
        ("one in the middle is missing", (first, third), "not-next"),
        ("out of order", (first, third, second), "not-next"),
        ("one twice", (first, second, second), "not-next"),
        ("two at one place", (first, second, other), "forked"),
        ("one that follows another", (first, other, third), "forked"),
        ("a first that follows something", (_entry(0, KEY),), "forked"),
    ):
        cases.add(name, "log.follow", outcome, {**whole, "statements": [each.hex() for each in entries]})
    cases.add("of another compartment", "log.follow", "of-another-log", {
        **whole, "log": RECORD_ID.hex(), "statements": [first.hex()],
    })  # fmt: skip
    hashes = [statement.hash_of(each).hex() for each in (first, second, third)]
    head = {"kind": kind, "log": COMPARTMENT.hex(), "number": 1, "hash": hashes[1]}
    known = {"kind": kind, "log": COMPARTMENT.hex(), "hashes": hashes, "seen": head}
    cases.well("somebody saw what one knows", "log.require", known)
    cases.otherwise("log.require", known, {
        "somebody saw another entry there": (
            "forked", "seen", {**head, "hash": statement.hash_of(other).hex()}
        ),
        "somebody saw what one was not given": ("behind", "seen", {**head, "number": 3}),
    })  # fmt: skip
    yield cases


def _paddings() -> Iterator[Cases]:
    cases = Cases()
    for length in (0, 1, 511, 512, 513, 1000, 4096, 5000, 65_537, 1_000_000, 1_048_580):
        cases.well(f"{length} bytes", "padding.length", {"length": length})
    for text in (b"", b"Quiet Heron", bytes(600)):
        cases.well(f"a text of {len(text)} bytes", "padding.padded", {"text": text.hex()})
        cases.well(f"a text of {len(text)} bytes", "padding.unpadded", {"padded": padding.padded(text).hex()})
    good = padding.padded(b"Quiet Heron")
    cases.otherwise("padding.unpadded", {}, {
        "shorter than it must be": ("not-whole", "padded", good[:-1].hex()),
        "longer than it must be": ("not-whole", "padded", (good + b"\0").hex()),
        "something in the padding": ("not-whole", "padded", (good[:-1] + b"\1").hex()),
        "a length beyond the end": ("not-whole", "padded", (b"\0\0\2\0" + good[4:]).hex()),
        "a length beyond what may be": ("not-whole", "padded", (b"\xff" + good[1:]).hex()),
        "nothing": ("not-whole", "padded", ""),
    })  # fmt: skip
    yield cases


_OTHER: Mapping[str, str] = {
    "network": OTHER_NETWORK.hex(),
    **dict.fromkeys(("compartment", "record", "version"), drawn("elsewhere", 16).hex()),
}  # fmt: skip


def _contents() -> Iterator[Cases]:
    cases = Cases()
    cases.well("a promise", "content.promise", {**PLACE, "key": KEY.hex()})
    sealed = content.seal(KEY, _CONTEXT, "Idemo u četvrtak.".encode())
    given = {
        **PLACE, "key": KEY.hex(), "content": sealed.content.hex(), "hash": sealed.hash.hex(),
        "promise": sealed.promise.hex(),
    }  # fmt: skip
    cases.well("opened", "content.open", given)
    empty = content.seal(KEY, _CONTEXT, b"")
    cases.well("nothing was written", "content.open", {
        **given, "content": empty.content.hex(), "hash": empty.hash.hex(), "promise": empty.promise.hex(),
    })  # fmt: skip
    cases.otherwise("content.open", given, {
        **{f"of another {name}": ("key-not-promised", name, value) for name, value in _OTHER.items()},
        "another key": ("key-not-promised", "key", SEED.hex()),
        "another hash was signed": ("seal-broken", "hash", KEY.hex()),
        "another promise was signed": ("key-not-promised", "promise", KEY.hex()),
        "of a later version": ("unknown-version", "content", (b"\x02" + sealed.content[1:]).hex()),
        "too long": ("not-whole", "content", [sealed.content.hex(), content.LONGEST]),
    })  # fmt: skip
    cases.altered("content.open", given, "content", {
        "the version": (0, "unknown-version"), "the nonce": (1, "seal-broken"), "the text": (40, "seal-broken"),
        "the tag": (-1, "seal-broken"),
    }, "not-whole", "seal-broken")  # fmt: skip
    for name, plain in (("badly padded", b"\0\0\0\1x".ljust(512, b"y")), ("padded to a length of its own", bytes(520))):
        raw = content.VERSION + aead.seal(KEY, content._place(_CONTEXT), plain)
        cases.add(name, "content.open", "not-whole", {
            **given, "content": raw.hex(), "hash": content.hash_of(raw).hex(),
        })  # fmt: skip
    yield cases


def _wraps() -> Iterator[Cases]:
    cases = Cases()
    epoch_key = drawn("epoch key")
    cases.well("the key for wraps", "wrap.key", {"epoch_key": epoch_key.hex()})
    wrapped = wrap.wrap(wrap.key_for_wraps(epoch_key), 3, _CONTEXT, KEY)
    given = {**PLACE, "epoch_key": epoch_key.hex(), "epoch": 3, "wrap": wrapped.hex()}
    cases.well("unwrapped", "wrap.unwrap", given)
    cases.otherwise("wrap.unwrap", given, {
        **{f"of another {name}": ("seal-broken", name, value) for name, value in _OTHER.items()},
        "of another epoch": ("of-another-place", "epoch", 4),
        "with the key of another epoch": ("seal-broken", "epoch_key", KEY.hex()),
    })  # fmt: skip
    cases.altered("wrap.unwrap", given, "wrap", {
        "the version": (0, "unknown-version"), "the epoch": (8, "of-another-place"), "the nonce": (9, "seal-broken"),
        "the key": (33, "seal-broken"), "the tag": (-1, "seal-broken"),
    }, "not-whole", "not-whole")  # fmt: skip
    # Whoever changes the epoch on both sides changes what it was bound to.
    moved = bytearray(wrapped)
    moved[8] = 4
    cases.add("moved to another epoch", "wrap.unwrap", "seal-broken", {**given, "wrap": moved.hex(), "epoch": 4})
    yield cases


def _epochs() -> Iterator[Cases]:
    cases = Cases()
    which = epoch.Epoch(network=NETWORK, compartment=COMPARTMENT, number=3)
    name = {"network": NETWORK.hex(), "compartment": COMPARTMENT.hex(), "epoch": 3}
    promise = epoch.promise(which, KEY)
    cases.well("a promise", "epoch.promise", {**name, "key": KEY.hex()})
    sealed = epoch.grant(which, KEY, member=PERSON, member_key=BOX_KEY)
    given = {
        **name, "secret": SECRET.hex(), "sealed": sealed.hex(), "member": PERSON.hex(), "promise": promise.hex(),
    }  # fmt: skip
    cases.well("accepted", "epoch.accept", given)
    cases.otherwise("epoch.accept", given, {
        "of another network": ("of-another-place", "network", OTHER_NETWORK.hex()),
        "of another compartment": ("of-another-place", "compartment", RECORD_ID.hex()),
        "of another epoch": ("of-another-place", "epoch", 2),
        "for another member": ("of-another-place", "member", RECORD_ID.hex()),
        "another key was promised": ("key-not-promised", "promise", KEY.hex()),
        "to another pair": ("seal-broken", "secret", SEED.hex()),
        "a page that is cut": ("not-whole", "sealed", sealed_box.seal(BOX_KEY, bytes(100)).hex()),
    })  # fmt: skip
    cases.altered("epoch.accept", given, "sealed", {
        "the sender's key": (0, "seal-broken"), "the page": (60, "seal-broken"), "the end": (-1, "seal-broken"),
    }, "seal-broken", "seal-broken")  # fmt: skip
    for what, low in (
        ("nought", bytes(32)), ("one", b"\1".ljust(32, b"\0")),
        ("a point of small order", bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")),
        ("31 bytes", bytes(31)),
    ):  # fmt: skip
        cases.add(f"sealed to {what}", "sealed-box.seal", "key-unusable", {"key": low.hex()})
    cases.well("sealed to a key", "sealed-box.seal", {"key": BOX_KEY.hex()})
    yield cases


def _histories() -> Iterator[Cases]:
    cases = Cases()
    keys = {VERSION: KEY, RECORD_ID: SEED}
    place: Any = {"network": NETWORK, "compartment": COMPARTMENT, "member": PERSON}
    sealed = history.grant(keys, **place, member_key=BOX_KEY)
    given = {
        "secret": SECRET.hex(), "sealed": sealed.hex(), **{name: value.hex() for name, value in place.items()},
    }  # fmt: skip
    cases.well("accepted", "history.accept", given)
    cases.otherwise("history.accept", given, {
        "of another network": ("of-another-place", "network", OTHER_NETWORK.hex()),
        "of another compartment": ("of-another-place", "compartment", RECORD_ID.hex()),
        "for another member": ("of-another-place", "member", RECORD_ID.hex()),
        "to another pair": ("seal-broken", "secret", SEED.hex()),
    })  # fmt: skip
    head = history._place(**place, member_key=BOX_KEY)
    for name, items in {
        "of no version": b"", "cut": (VERSION + KEY)[:-1], "a version twice": (VERSION + KEY) * 2,
        "versions out of order": b"".join(each + KEY for each in sorted((VERSION, RECORD_ID), reverse=True)),
    }.items():  # fmt: skip
        page = sealed_box.seal(BOX_KEY, head + items)
        cases.add(name, "history.accept", "not-whole", {**given, "sealed": page.hex()})
    yield cases


def _bundles() -> Iterator[Cases]:
    cases = Cases()
    for name, words in {
        "as it is": "reka most lampa", "with spaces": "  reka  most\tlampa ",
        "with other spaces": "reka\u00a0most\nlampa", "with accents apart": "kuc\u0301a", "in Cyrillic": "река мост",
    }.items():  # fmt: skip
        cases.well(name, "bundle.normal", {"passphrase": words})
    keys = bundle.Keys(seed=SEED, secret=SECRET)
    whose = bundle.owner(keys, network=NETWORK, person=PERSON)
    device = drawn("secret of a device")
    locked = bundle.lock(keys, whose, kind=bundle.Kind.DEVICE, passphrase="reka most lampa kuća", device_secret=device)
    given = {
        "bundle": locked.hex(), "network": NETWORK.hex(), "person": PERSON.hex(),
        "signing_key": whose.signing_key.hex(), "box_key": whose.box_key.hex(), "kind": 1,
        "passphrase": "reka most lampa kuća", "device_secret": device.hex(),
    }  # fmt: skip
    cases.well("unlocked", "bundle.unlock", given)

    def stretched(passes: int, memory: int) -> str:
        return (locked[:2] + passes.to_bytes(4) + memory.to_bytes(4) + locked[10:]).hex()

    cases.otherwise("bundle.unlock", given, {
        "another passphrase": ("seal-broken", "passphrase", "reka most lampa kuca"),
        "another device": ("seal-broken", "device_secret", KEY.hex()),
        "another person's": ("seal-broken", "person", RECORD_ID.hex()),
        "another kind": ("of-another-place", "kind", 2),
        "of a later version": ("unknown-version", "bundle", (b"\x02" + locked[1:]).hex()),
        "cut": ("not-whole", "bundle", locked[:-1].hex()),
        "one byte more": ("not-whole", "bundle", (locked + b"\0").hex()),
        "nothing": ("not-whole", "bundle", ""),
        "too few passes": ("too-easy-to-guess", "bundle", stretched(2, 131_072)),
        "too little memory": ("too-easy-to-guess", "bundle", stretched(3, 131_071)),
        "too many passes": ("too-hard-to-open", "bundle", stretched(11, 131_072)),
        "too much memory": ("too-hard-to-open", "bundle", stretched(3, 1_048_577)),
    })  # fmt: skip
    yield cases


def _passphrases() -> Iterator[Cases]:
    cases = Cases()
    for name, words in {
        "lower-case Latin": "reka most lampa", "capitals": "Reka MOST lampa", "Cyrillic": "река мост лампа",
        "Cyrillic capitals": "РЕКА Мост лампа", "both scripts": "река most", "every letter": "abcdefghijklmnoprstuv",
        "every Cyrillic letter": "абцдефгхијклмнопрстув љњ ЉЊ", "other spaces": " reka\u00a0most\n", "nothing": "",
        "a letter that keyboards move": "Zima Most", "a letter with an accent": "Reka KUĆA", "a digit": "Reka most 7",
        "Cyrillic that is no easy letter": "Река Кућа", "Russian": "Рыба", "a space of another kind": "Reka\u2003most",
    }.items():  # fmt: skip
        cases.well(name, "passphrase.plain", {"passphrase": words})
    yield cases


def _stories() -> Iterator[Cases]:
    cases = Cases()
    for name, given in stories():
        cases.well(name, "logs.told", given)
    yield cases


def _knowing() -> Iterator[Cases]:
    cases = Cases()
    for name, given in known_stories():
        cases.well(name, "logs.known", given)
    yield cases


def _known() -> Iterator[Cases]:
    cases = Cases()
    said: dict[str, Value] = {
        "log": COMPARTMENT, "by": PERSON, "at": 1_900_000_000, "reason": "Inquiry 3/31", "until": 1_899_999_999,
        "record": b"", "waiting": 0, "acts": drawn("acts"), "seen": [],
    }  # fmt: skip
    good = statement.make(SEED, KNOWN, NETWORK, said)
    given = {"statement": good.hex(), "purpose": KNOWN, "network": NETWORK.hex()}
    cases.well("an answer that was taken out", "statement.verified", given)
    cases.otherwise("statement.verified", given, {
        "an answer offered as an export of records": ("signature-wrong", "purpose", EXPORT),
        "an answer offered as an entry of the records": ("signature-wrong", "purpose", RECORD),
        "an answer of another network": ("signature-wrong", "network", OTHER_NETWORK.hex()),
    })  # fmt: skip
    exported = statement.make(SEED, EXPORT, NETWORK, said).hex()
    cases.add("an export of records, offered as one", "statement.verified", "signature-wrong", {
        **given, "statement": exported,
    })  # fmt: skip
    yield cases


def _judgements() -> Iterator[Cases]:
    cases = Cases()
    for name, given in (*assessed.by_name(), *assessed.by_chance()):
        cases.well(name, "assessment.judged", given)
    yield cases


FILES: Mapping[str, Callable[[], Iterator[Cases]]] = {
    "deterministic": _deterministic, "statement": _statements, "log": _logs, "padding": _paddings,
    "content": _contents, "wrap": _wraps, "epoch": _epochs, "history": _histories, "bundle": _bundles, "logs": _stories,
    "passphrase": _passphrases, "known": _known,
    "invitation": invitations, "offer": key_offers, "judging": _judgements,
    "knowing": _knowing,
}  # fmt: skip
# In these are sealed things, with nonces from chance; every other file comes out the same each time.
WITH_CHANCE = frozenset({"content", "wrap", "epoch", "history", "bundle"})


def cases_of(name: str) -> list[Case]:
    """Return the cases of a file."""
    read: list[Case] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read


def text_of(name: str) -> str:
    """Return a file as it is made anew."""
    cases = [case for part in FILES[name]() for case in part.all]
    return json.dumps(cases, indent=1, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every file anew."""
    FOLDER.mkdir(exist_ok=True)
    for name in FILES:
        (FOLDER / f"{name}.json").write_text(text_of(name), encoding="utf-8")


if __name__ == "__main__":
    write()
