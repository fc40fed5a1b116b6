/** Every label of the vault in one list, as in `crypto/vault/labels.py`: none is used twice. */
import { text } from "./bytes.js";

export const GENESIS = "genesis";
export const DIRECTORY = "directory-entry";
export const MEMBERSHIP = "membership-entry";
export const RECORD = "record-entry";
export const GRANT = "epoch-grant";
export const HISTORY = "history-grant";
export const EXPORT = "record-export";
export const OFFER = "key-offer";
export const KNOWN = "known-export";
export const PURPOSES = [GENESIS, DIRECTORY, MEMBERSHIP, RECORD, GRANT, HISTORY, EXPORT, OFFER, KNOWN];

/** Outside of the vault, and no purpose of a statement. */
export const SIGN_IN_PLACE = text("streha/sign-in/v1\0");

export const CONTENT_PLACE = text("streha/content/v1\0");
export const WRAP_PLACE = text("streha/wrap/v1\0");
export const GRANT_PLACE = text("streha/epoch-grant/v1\0");
export const HISTORY_PLACE = text("streha/history-grant/v1\0");
export const BUNDLE_PLACE = text("streha/bundle/v1\0");
export const EXCLUSION_PLACE = text("streha/exclusion/v1\0");

export const STATEMENT_HASH = text("streha/statement-hash/v1\0");
export const CONTENT_HASH = text("streha/content-hash/v1\0");
export const CONTENT_PROMISE = text("streha/content-promise/v1\0");
export const EPOCH_PROMISE = text("streha/epoch-promise/v1\0");
export const OFFER_CODE = text("streha/offer-code/v1\0");
export const INVITATION_ROW = text("streha/invitation-row/v1\0");
export const INVITATION_CHECK = text("streha/invitation-check/v1\0");
export const INSTRUMENT_HASH = text("streha/instrument-hash/v1\0");

export const WRAP_KEY = text("streha-wrap-key1");
export const BUNDLE_KEY = text("streha-bundle-k1");
