/** What becomes of the proof of a fork: saved as the file that the command line keeps, and called settled by a person. */
import { read } from "../vault/invitations.js";
import { toBase64 } from "./coding.js";
import { isExpected, troubleOf } from "./trouble_of.js";

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

  /** What goes wrong here is told: it is where the evidence is at stake. @param {() => Promise<void>} act */
  async function told(act) {
    try {
      await act();
    } catch (error) {
      store.set({ trouble: troubleOf(error) });
      if (!isExpected(error)) throw error;
    }
  }

  return {
    /** @param {(files: { name: string, text: string }[]) => void} take a file for each proof that is not settled */
    save: (take) => told(async () => take((await memory.forks(await network())).map(fileOf))),

    /** It was cleared up: nothing is remembered of these logs, and work begins anew. */
    settle: () => told(async () => {
      await memory.settle(await network(), clock.now());
      store.set({ trouble: null, done: "settled" });
    }),
  };
}

/** @param {Fork} fork @returns {{ name: string, text: string }} as `client/vault/memory.py` writes it; a log's id is random and tells nothing */
export function fileOf({ kind, log, number, known, other }) {
  const text = JSON.stringify({ number, ours: toBase64(known), theirs: toBase64(other) }, null, 2);
  return { name: `forked-${KINDS[kind]}-${log}-${number}.json`, text: `${text}\n` };
}
