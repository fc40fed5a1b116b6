/**
 * What this browser remembers of the vault, in IndexedDB: how it unlocks (the network that was handed over, the bundle's
 * id, the device's secret or which passkey takes its place), the verified entries of the logs with the last hash of each,
 * which versions of records were opened here (the hashes of their entries), which compartment each codename meant at first, proofs of forks, keys
 * that were offered and wait to be attested, and texts that were begun, each sealed to its author's own key. Never a key or a passphrase, nor anything of a record that could be
 * read here without them.
 *
 * Entries are only ever added, and only to what whoever adds them had before them: a tab that knows less than another has
 * remembered meanwhile adds nothing, puts no length back, and reads anew.
 */
import { same } from "../vault/bytes.js";
import { Refused } from "../vault/failures.js";
import { forksIn } from "./fork_memory.js";
import { below, done, OWN, result } from "./indexed.js";
import { joiningIn } from "./joining_memory.js";

/** @typedef {{ kind: number, log: string }} Name the log's id is hexadecimal */
/** @typedef {{ length: number, hash: Uint8Array }} Head */
/** @typedef {{ head: Head | undefined, entries: Uint8Array[] }} Remembered */
/** @typedef {Name & { from: number, after: Uint8Array, entries: Uint8Array[], hash: Uint8Array }} Added what comes after the entry with the hash `after` */
/** @typedef {Awaited<ReturnType<typeof openMemory>>} Memory */

const DATABASE = "streha";
const VERSION = 5;
const STORES = ["pairing", "heads", "entries", "forks", "drafts", "names", "read", "joining"];

/** @param {IDBFactory} factory @returns {Promise<IDBDatabase>} */
async function opened(factory) {
  const opening = factory.open(DATABASE, VERSION);
  opening.onupgradeneeded = () => {
    const missing = STORES.filter((name) => !opening.result.objectStoreNames.contains(name));
    for (const name of missing) opening.result.createObjectStore(name, { autoIncrement: name === "forks" });
  };
  const database = await result(opening);
  // Another tab may remove everything.
  database.onversionchange = () => database.close();
  return database;
}

/** @param {IDBFactory} factory */
export async function openMemory(factory) {
  const database = await opened(factory);

  /** @param {string} store @param {IDBValidKey | IDBKeyRange} key */
  const get = (store, key) => result(database.transaction(store).objectStore(store).get(key));

  /** @param {string} name @param {(store: IDBObjectStore) => void} change */
  async function change(name, change) {
    const writing = database.transaction(name, "readwrite");
    change(writing.objectStore(name));
    await done(writing);
  }

  return {
    /** @returns {Promise<import("./handover.js").Pairing | undefined>} */
    pairing: () => get("pairing", OWN),

    /** @param {import("./handover.js").Pairing} pairing */
    pair: (pairing) => change("pairing", (store) => store.put(pairing, OWN)),

    /** Another way to unlock the same keys, where none came meanwhile. @param {import("./handover.js").Pairing} before @param {import("./handover.js").Pairing} pairing */
    async rebind(before, pairing) {
      const writing = database.transaction("pairing", "readwrite");
      const store = writing.objectStore("pairing");
      const finished = done(writing);
      const asking = store.get(OWN);
      asking.onsuccess = () => {
        if (!asking.result || !same(asking.result.bundle, before.bundle)) return writing.abort();
        store.put(pairing, OWN);
      };
      await finished.catch((error) => {
        throw error ?? new Refused("overtaken");
      });
    },

    /** Other keys, and nothing of what was remembered with those before but texts, which are sealed, and proofs. @param {import("./handover.js").Pairing} pairing */
    async replace(pairing) {
      const names = STORES.filter((name) => !["drafts", "forks"].includes(name));
      const writing = database.transaction(names, "readwrite");
      for (const name of names) writing.objectStore(name).clear();
      writing.objectStore("pairing").put(pairing, OWN);
      await done(writing);
    },

    /** Some logs as they are remembered at one and the same moment. @param {Name[]} names @returns {Promise<Remembered[]>} */
    async logs(names) {
      const reading = database.transaction(["heads", "entries"]);
      return await Promise.all(names.map(async ({ kind, log }) => {
        const range = IDBKeyRange.bound([kind, log, 0], [kind, log, Number.MAX_SAFE_INTEGER]);
        const [head, entries] = await Promise.all([
          result(reading.objectStore("heads").get([kind, log])), result(reading.objectStore("entries").getAll(range)),
        ]);
        return { head, entries };
      }));
    },

    /** Add to some logs at once, all or nothing. @param {Added[]} added */
    async add(added) {
      const writing = database.transaction(["heads", "entries"], "readwrite");
      const [heads, stored] = [writing.objectStore("heads"), writing.objectStore("entries")];
      const finished = done(writing);
      for (const { kind, log, from, after, entries, hash } of added) {
        const asking = heads.get([kind, log]);
        asking.onsuccess = () => {
          /** @type {Head | undefined} */
          const head = asking.result;
          if ((head?.length ?? 0) !== from || (head && !same(head.hash, after))) return writing.abort();
          // `add` refuses a place that is taken, and with it the whole transaction.
          entries.forEach((entry, nth) => stored.add(entry, [kind, log, from + nth]));
          heads.put({ length: from + entries.length, hash }, [kind, log]);
        };
      }
      await finished.catch((error) => {
        // Without an error it was called off above.
        throw error ?? new Refused("overtaken");
      });
    },

    ...forksIn(() => database),
    ...joiningIn(() => database),

    /** @param {string} compartment @returns {Promise<Set<string>>} the versions that were opened here, by the hashes of their entries; ids and hashes are hexadecimal */
    async read(compartment) {
      const keys = await result(database.transaction("read").objectStore("read").getAllKeys(below([compartment])));
      return new Set(keys.map((each) => /** @type {[string, string]} */ (each)[1]));
    },

    /** @param {string} compartment @param {string[]} versions */
    keepRead: (compartment, versions) => change("read", (store) => versions.forEach((each) => store.put(1, [compartment, each]))),

    /** @param {string} id @param {Uint8Array} sealed */
    keepDraft: (id, sealed) => change("drafts", (store) => store.put(sealed, id)),

    /** @param {string} id */
    dropDraft: (id) => change("drafts", (store) => store.delete(id)),

    /** @returns {Promise<Map<string, Uint8Array>>} the texts that were begun, sealed, by their ids */
    async drafts() {
      const store = database.transaction("drafts").objectStore("drafts");
      const [ids, sealed] = await Promise.all([result(store.getAllKeys()), result(store.getAll())]);
      return new Map(ids.map((id, nth) => [String(id), sealed[nth]]));
    },

    /** @param {string} codename @returns {Promise<string | undefined>} the compartment that it meant at first */
    named: (codename) => get("names", codename),

    /** @returns {Promise<string[]>} the compartments that have a codename here */
    meant: () => result(database.transaction("names").objectStore("names").getAll()),

    /** @param {string} codename @param {string} compartment */
    name: (codename, compartment) => change("names", (store) => store.put(compartment, codename)),

    /** Remove everything; the memory cannot be used any more. */
    async remove() {
      database.close();
      await result(factory.deleteDatabase(DATABASE));
    },
  };
}
