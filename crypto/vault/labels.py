"""Every label of the vault in one list: none is used twice, so that nothing made for one use fits another.

Purposes stand in what is signed, places at the head of what is sealed, hashes before what is hashed, and the last are
BLAKE2b personalisations of 16 bytes (docs/protocol.md, *Labels*).
"""

from __future__ import annotations

from typing import Final

# What somebody signs.
GENESIS: Final = "genesis"
DIRECTORY: Final = "directory-entry"
MEMBERSHIP: Final = "membership-entry"
RECORD: Final = "record-entry"
GRANT: Final = "epoch-grant"
HISTORY: Final = "history-grant"
EXPORT: Final = "record-export"
OFFER: Final = "key-offer"
KNOWN: Final = "known-export"
PURPOSES: Final = (GENESIS, DIRECTORY, MEMBERSHIP, RECORD, GRANT, HISTORY, EXPORT, OFFER, KNOWN)

# What stands at the head of what is sealed, or beside it as associated data.
CONTENT_PLACE: Final = b"streha/content/v1\0"
WRAP_PLACE: Final = b"streha/wrap/v1\0"
GRANT_PLACE: Final = b"streha/epoch-grant/v1\0"
HISTORY_PLACE: Final = b"streha/history-grant/v1\0"
BUNDLE_PLACE: Final = b"streha/bundle/v1\0"
EXCLUSION_PLACE: Final = b"streha/exclusion/v1\0"
PLACES: Final = (CONTENT_PLACE, WRAP_PLACE, GRANT_PLACE, HISTORY_PLACE, BUNDLE_PLACE, EXCLUSION_PLACE)

# What a passkey is asked to make a secret of (WebAuthn's extension `prf`).
PASSKEY_SALT: Final = b"streha/passkey-secret/v1\0"

# What stands before what is hashed.
STATEMENT_HASH: Final = b"streha/statement-hash/v1\0"
CONTENT_HASH: Final = b"streha/content-hash/v1\0"
CONTENT_PROMISE: Final = b"streha/content-promise/v1\0"
EPOCH_PROMISE: Final = b"streha/epoch-promise/v1\0"
OFFER_CODE: Final = b"streha/offer-code/v1\0"
INVITATION_ROW: Final = b"streha/invitation-row/v1\0"
INVITATION_CHECK: Final = b"streha/invitation-check/v1\0"
ACTS_HASH: Final = b"streha/acts-hash/v1\0"
INSTRUMENT_HASH: Final = b"streha/instrument-hash/v1\0"
HASHES: Final = (
    STATEMENT_HASH, CONTENT_HASH, CONTENT_PROMISE, EPOCH_PROMISE, OFFER_CODE, INVITATION_ROW, INVITATION_CHECK,
    ACTS_HASH, INSTRUMENT_HASH,
)  # fmt: skip

# What personalises the making of a key.
WRAP_KEY: Final = b"streha-wrap-key1"
BUNDLE_KEY: Final = b"streha-bundle-k1"
PERSONAL: Final = (WRAP_KEY, BUNDLE_KEY)
