/**
 * Writes a version of a record. What it follows are the versions that its author had before their eyes: if somebody wrote
 * beside them, both stay and are shown as a conflict. The rules are asked here before the server is: nothing is signed
 * that they do not let stand.
 */
import { newKey } from "../vault/aead.js";
import { text as bytesOf } from "../vault/bytes.js";
import { RECORDS } from "../vault/compartment.js";
import * as content from "../vault/content.js";
import { signedEntry } from "../vault/log.js";
import * as wrap from "../vault/wrap.js";
import { idBytes } from "./coding.js";
import { newestOf } from "./epochs.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("./epochs.js").EpochKey} EpochKey */
/** @typedef {import("./state.js").Draft} Draft */
/** @typedef {{ seed: Uint8Array, person: Uint8Array, at: number }} Author `at` in seconds since 1970 */

/**
 * @param {Compartment} compartment brought up to date just now
 * @param {EpochKey} epochKey
 * @param {Draft} draft
 * @param {Author} author
 * @returns {{ entry: Uint8Array, content: Uint8Array, wrap: Uint8Array }}
 */
export function written(compartment, epochKey, draft, { seed, person, at }) {
  const newest = newestOf(epochKey);
  const place = { network: compartment.network.id, compartment: compartment.id, record: idBytes(draft.record), version: idBytes(draft.version) };
  const key = newKey();
  const sealed = content.seal(key, place, bytesOf(draft.text));
  /** @type {[string, import("../vault/value.js").Value][]} */
  const particulars = [
    ["record", place.record], ["version", place.version], ["kind", draft.kind], ["content", sealed.hash], ["promise", sealed.promise],
    ["follows", draft.follows.map(idBytes)],
  ];
  const chain = compartment.written;
  const entry = signedEntry(seed, place.network, RECORDS, {
    log: compartment.id, number: chain.hashes.length, after: chain.last, at, by: person, do: "write",
    particulars: new Map(particulars), seen: compartment.heads().filter((each) => each.kind !== RECORDS),
  });
  compartment.judgeRecordEntry(entry);
  return { entry, content: sealed.content, wrap: wrap.wrap(newest.wrapKey, epochKey.number, place, key) };
}
