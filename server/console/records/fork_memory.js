/**
 * Proofs of forks, as this browser's memory keeps them: two statements of which one cannot be. They stop work on the logs that
 * they are of until a person says that it was cleared up, and stay for good.
 */
import { same } from "../vault/bytes.js";
import { below, done, result } from "./indexed.js";

/** @typedef {import("./memory.js").Name} Name */
/**
 * Two statements that cannot both stand at `number`; `at` and `settled` in milliseconds since 1970. One that somebody has
 * called settled stops nothing any more.
 * @typedef {Name & { network: Uint8Array, number: number, known: Uint8Array, other: Uint8Array, at: number, settled?: number }} Fork
 */

const DIRECTORY = 0;
/** The kinds of a compartment's logs. */
const OF_COMPARTMENTS = [1, 2];

/** @param {() => IDBDatabase} database */
export function forksIn(database) {
  return {
    /** @param {Fork} fork */
    async keepFork(fork) {
      const writing = database().transaction("forks", "readwrite");
      writing.objectStore("forks").add(fork);
      await done(writing);
    },

    /** @param {Uint8Array} network @returns {Promise<Fork[]>} those of a network's logs that nobody has called settled */
    async forks(network) {
      const all = await result(database().transaction("forks").objectStore("forks").getAll());
      return all.filter((/** @type {Fork} */ each) => stops(each, network));
    },

    /**
     * Because a person says that it was cleared up: stop at no fork of a network that is kept now, and remember nothing of
     * the logs that they are of. A fork of the directory is one of all that rests on it. The proofs stay.
     * @param {Uint8Array} network
     * @param {number} at milliseconds since 1970
     */
    async settle(network, at) {
      const writing = database().transaction(["forks", "heads", "entries", "read"], "readwrite");
      const [forks, ...remembered] = ["forks", "heads", "entries", "read"].map((name) => writing.objectStore(name));
      const asking = /** @type {IDBObjectStore} */ (forks).openCursor();
      asking.onsuccess = () => {
        const cursor = asking.result;
        if (!cursor) return;
        /** @type {Fork} */
        const fork = cursor.value;
        if (stops(fork, network)) {
          cursor.update({ ...fork, settled: at });
          for (const store of remembered) {
            if (fork.kind === DIRECTORY) store.clear();
            else for (const range of rangesOf(store.name, fork.log)) store.delete(range);
          }
        }
        cursor.continue();
      };
      await done(writing);
    },
  };
}

/** @param {Fork} fork @param {Uint8Array} network every network's directory has the same name */
function stops(fork, network) {
  return fork.settled === undefined && same(fork.network ?? network, network);
}

/** @param {string} store @param {string} log of a compartment @returns {IDBKeyRange[]} */
function rangesOf(store, log) {
  return store === "read" ? [below([log])] : OF_COMPARTMENTS.map((kind) => below([kind, log]));
}
