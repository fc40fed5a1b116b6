/** What becomes of the proof of a fork: saved as the file that the command line keeps, and called settled by a person. */
import { read } from "../vault/invitations.js";
import { toBase64 } from "./coding.js";

/** @typedef {import("./fork_memory.js").Fork} Fork */
/** @typedef {ReturnType<typeof createProving>} Proving */

const KINDS = ["directory", "membership", "records"];

/**
 * @param {Pick<import("./state.js").Means, "memory" | "clock">} means
 * @param {import("./store.js").Store} store
 */
export function createProving({ memory, clock }, store) {
  /** Of whoever has keys here, or waits to be attested. */
  async function network() {
    const [pairing, waiting] = [await memory.pairing(), await memory.joining()];
    return pairing?.network ?? read(/** @type {import("./joining_memory.js").Waiting} */ (waiting).paper).genesis;
  }

  return {
    /** @returns {Promise<{ name: string, text: string }[]>} a file for each proof that is not settled */
    files: async () => (await memory.forks(await network())).map(fileOf),

    /** It was cleared up: nothing is remembered of these logs, and work begins anew. */
    async settle() {
      await memory.settle(await network(), clock.now());
      store.set({ trouble: null, done: "settled" });
    },
  };
}

/** @param {Fork} fork @returns {{ name: string, text: string }} as `client/vault/memory.py` writes it; a log's id is random and tells nothing */
export function fileOf({ kind, log, number, known, other }) {
  const text = JSON.stringify({ number, ours: toBase64(known), theirs: toBase64(other) }, null, 2);
  return { name: `forked-${KINDS[kind]}-${log}-${number}.json`, text: `${text}\n` };
}
