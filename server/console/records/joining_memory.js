/**
 * Keys that were made with an invitation, as this browser's memory keeps them until they are attested: locked for no network
 * yet, with the paper that they came by and the offer that was signed. They stand here before anything is offered.
 */
import { Refused } from "../vault/failures.js";
import { done, OWN, result } from "./indexed.js";

/** @typedef {import("./handover.js").Pairing} Pairing */
/**
 * `paper` is the text of the invitation, `id` the one under which the bundle will lie at the server, `secret` the device's.
 * @typedef {{ paper: string, offer: Uint8Array, bundle: Uint8Array, id: Uint8Array, secret: Uint8Array, offered: boolean }} Waiting
 */

/** @param {() => IDBDatabase} database */
export function joiningIn(database) {
  /** @param {string[]} names @param {(...stores: IDBObjectStore[]) => void} change */
  async function change(names, change) {
    const writing = database().transaction(names, "readwrite");
    change(...names.map((name) => writing.objectStore(name)));
    await done(writing).catch((error) => {
      throw error ?? new Refused("overtaken");
    });
  }

  /** @param {IDBObjectStore} pairing where keys came meanwhile they stay, and nothing else is done @param {() => void} act */
  function unlessPaired(pairing, act) {
    const asking = pairing.getKey(OWN);
    asking.onsuccess = () => (asking.result === undefined ? act() : pairing.transaction.abort());
  }

  return {
    /** @returns {Promise<Waiting | undefined>} */
    joining: () => result(database().transaction("joining").objectStore("joining").get(OWN)),

    /** Never over others. @param {Waiting} waiting */
    keepJoining: (waiting) => change(["pairing", "joining"], (pairing, joining) => (
      unlessPaired(/** @type {IDBObjectStore} */ (pairing), () => joining?.add(waiting, OWN))
    )),

    /** What was offered has reached the server. @param {Waiting} waiting */
    keepOffered: (waiting) => change(["joining"], (joining) => {
      const asking = /** @type {IDBObjectStore} */ (joining).getKey(OWN);
      // Another tab may have given it up, or gone on.
      asking.onsuccess = () => asking.result !== undefined && joining?.put({ ...waiting, offered: true }, OWN);
    }),

    /** Somebody gives up what they offered. */
    forgetJoining: () => change(["joining"], (joining) => void joining?.delete(OWN)),

    /** The keys are a person's of the network from now on. @param {Pairing} own */
    keepJoined: (own) => change(["pairing", "joining"], (pairing, joining) => (
      unlessPaired(/** @type {IDBObjectStore} */ (pairing), () => {
        pairing?.put(own, OWN);
        joining?.delete(OWN);
      })
    )),
  };
}
