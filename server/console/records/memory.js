/**
 * What this browser remembers of the vault, in IndexedDB: how it unlocks (the network that was handed over, the bundle's
 * id, the device's secret), the verified entries of the logs with the last hash of each, when each was compared with the
 * server, and proofs of forks. Never a key, a passphrase or anything of a record.
 *
 * Entries are only ever added. Where another tab has added others at the same place meanwhile nothing is written.
 */

/** @typedef {{ kind: number, log: string }} Name the log's id is hexadecimal */
/** @typedef {{ length: number, hash: Uint8Array, at: number }} Head when it was compared: milliseconds since 1970 */
/** @typedef {{ kind: number, log: string, number: number, known: Uint8Array, other: Uint8Array, at: number }} Fork */
/** @typedef {Name & { from: number, entries: Uint8Array[], hash: Uint8Array }} Added */
/** @typedef {Awaited<ReturnType<typeof openMemory>>} Memory */

const DATABASE = "streha";
const VERSION = 1;
const OWN = "own";

/** @param {IDBFactory} factory */
export async function openMemory(factory) {
  const opening = factory.open(DATABASE, VERSION);
  opening.onupgradeneeded = () => {
    for (const name of ["pairing", "heads", "entries", "forks"]) opening.result.createObjectStore(name, { autoIncrement: name === "forks" });
  };
  const database = await result(opening);
  // Another tab may remove everything.
  database.onversionchange = () => database.close();

  /** @param {string} store @param {IDBValidKey | IDBKeyRange} key */
  const get = (store, key) => result(database.transaction(store).objectStore(store).get(key));

  return {
    /** @returns {Promise<import("./handover.js").Pairing | undefined>} */
    pairing: () => get("pairing", OWN),

    /** @param {import("./handover.js").Pairing} pairing */
    async pair(pairing) {
      const writing = database.transaction("pairing", "readwrite");
      writing.objectStore("pairing").put(pairing, OWN);
      await done(writing);
    },

    /** @param {Name} name @returns {Promise<{ head: Head | undefined, entries: Uint8Array[] }>} */
    async log({ kind, log }) {
      const reading = database.transaction(["heads", "entries"]);
      const range = IDBKeyRange.bound([kind, log, 0], [kind, log, Number.MAX_SAFE_INTEGER]);
      const [head, entries] = await Promise.all([
        result(reading.objectStore("heads").get([kind, log])), result(reading.objectStore("entries").getAll(range)),
      ]);
      return { head, entries };
    },

    /** Add to some logs at once, all or nothing, and say that they were compared. @param {Added[]} added @param {number} at */
    async add(added, at) {
      const writing = database.transaction(["heads", "entries"], "readwrite");
      const [heads, stored] = [writing.objectStore("heads"), writing.objectStore("entries")];
      for (const { kind, log, from, entries, hash } of added) {
        // `add` refuses a place that is taken, and with it the whole transaction.
        entries.forEach((entry, nth) => stored.add(entry, [kind, log, from + nth]));
        heads.put({ length: from + entries.length, hash, at }, [kind, log]);
      }
      await done(writing);
    },

    /** @param {Fork} fork */
    async keepFork(fork) {
      const writing = database.transaction("forks", "readwrite");
      writing.objectStore("forks").add(fork);
      await done(writing);
    },

    /** @returns {Promise<Fork[]>} */
    forks: () => result(database.transaction("forks").objectStore("forks").getAll()),

    /** Remove everything; the memory cannot be used any more. */
    async remove() {
      database.close();
      await result(factory.deleteDatabase(DATABASE));
    },
  };
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction */
function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(undefined);
    transaction.onabort = () => reject(transaction.error);
  });
}
