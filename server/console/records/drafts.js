/**
 * Texts that were begun. Each is sealed to its author's own key and kept in this browser before it is sent anywhere and
 * whenever the keys are locked away; it goes once it was read back from where it was
 * placed, or when its author throws it away. So neither a lost answer, nor a closed page, nor a server that keeps it to
 * itself takes it.
 *
 * With it is kept which version it is to be and what was sent of it: whoever saves again after an answer was lost finds
 * that very version in the log instead of writing it a second time.
 */
import { hex, text as bytesOf } from "../vault/bytes.js";
import { Refused } from "../vault/failures.js";
import * as sealedBox from "../vault/sealed_box.js";
import { newId, uuid } from "./coding.js";

/** @typedef {import("./state.js").Draft} Draft */
/** @typedef {import("./memory.js").Memory} Memory */
/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {ReturnType<typeof createDrafts>} Drafts */

const digits = () => uuid(newId()).replaceAll("-", "");

/**
 * @param {string} compartment
 * @param {{ record: string, kind: string, follows: string[], text: string } | null} [next] what it is the next version of
 * @returns {Draft}
 */
export function begun(compartment, next = null) {
  const { record, kind, follows, text } = next ?? { record: digits(), kind: "note", follows: [], text: "" };
  return { id: digits(), compartment, record, version: digits(), kind, follows, text, sent: [] };
}

/**
 * What of a draft stands in the log: nothing (`null`), the text as it is now (`true`), the same whose text could not be
 * read back (`"withheld"`: the one here may be the only one), or what does not count or is another text of the same
 * version, which was sent before: then the draft, as the next version after it.
 * @param {Draft} draft
 * @param {Pick<import("./state.js").Shown, "compartment" | "opened">} shown brought up to date just now
 * @returns {Draft | true | "withheld" | null}
 */
export function placed(draft, { compartment: { records }, opened }) {
  const mine = draft.sent.find(({ hash }) => records.versions.has(hash));
  // Sent from another tab, where the same text was gone on with: both are to be seen.
  if (!mine) return records.ids.has(draft.version) ? { ...draft, version: digits(), sent: [] } : null;
  // It replaces nothing, and nobody is given its text; the record is known by it all the same.
  if (records.versions.get(mine.hash)?.quarantined) {
    return { ...draft, version: digits(), follows: draft.follows.length ? draft.follows : [mine.hash], sent: [] };
  }
  if (mine.text === draft.text) {
    // It was there, and was erased, or somebody else who was given it has gone on from it: the server keeps nothing to itself.
    if (records.erased.has(draft.record)) return { ...draft, version: digits(), follows: [mine.hash], sent: [] };
    if (isGoneOnFrom(mine.hash, records.versions)) return true;
    const back = opened.get(mine.hash);
    return back?.refused === "" && back.text === draft.text ? true : "withheld";
  }
  return { ...draft, version: digits(), follows: [mine.hash], sent: [] };
}

/** Whether somebody else wrote a version that counts and follows it. @param {string} hash @param {Compartment["records"]["versions"]} versions */
function isGoneOnFrom(hash, versions) {
  const by = versions.get(hash)?.by;
  return [...versions.values()].some((each) => !each.quarantined && each.by !== by && each.deed.follows.some((/** @type {Uint8Array} */ one) => hex(one) === hash));
}

/** What may still be placed of what was sent: an entry whose place another has taken never is. @param {Draft} draft @param {Compartment} compartment @returns {Draft} */
export function withoutLost(draft, { written }) {
  return { ...draft, sent: draft.sent.filter(({ number }) => number >= written.hashes.length) };
}

/** @param {Memory | null} memory */
export function createDrafts(memory) {
  /** All that are known to be kept, sealed, by their ids; and of these what the browser's memory has not taken yet. */
  /** @type {Map<string, Uint8Array>} */
  let sealed = new Map();
  /** @type {Map<string, Uint8Array>} */
  const untaken = new Map();

  async function look() {
    const kept = (await memory?.drafts().catch(() => null)) ?? sealed;
    sealed = new Map([...kept, ...untaken]);
    return sealed;
  }

  return {
    /** @returns {Promise<number>} how many there are, of whomever */
    count: async () => (await look()).size,
    /** Whether something would be lost with this page. */
    mayLose: () => untaken.size > 0,

    /** Sealed at once, also where nobody waits for it to be kept. @param {Draft} draft @param {Uint8Array} secret */
    async keep(draft, secret) {
      const bytes = sealedBox.seal(sealedBox.publicKey(secret), bytesOf(JSON.stringify(draft)));
      untaken.set(draft.id, bytes);
      sealed.set(draft.id, bytes);
      await memory?.keepDraft(draft.id, bytes);
      if (untaken.get(draft.id) === bytes) untaken.delete(draft.id);
    },

    /** @param {string} id */
    async drop(id) {
      untaken.delete(id);
      sealed.delete(id);
      await memory?.dropDraft(id);
    },

    /** @param {Uint8Array} secret @returns {Promise<Draft[]>} those that were sealed to this key */
    async opened(secret) {
      return [...(await look()).values()].flatMap((each) => {
        try {
          return [JSON.parse(new TextDecoder().decode(sealedBox.open(secret, each)))];
        } catch (error) {
          // Another person's who works in this browser.
          if (error instanceof Refused) return [];
          throw error;
        }
      });
    },

    /** Everything was removed. */
    forget() {
      untaken.clear();
      sealed = new Map();
    },
  };
}
