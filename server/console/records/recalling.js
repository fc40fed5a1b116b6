/** A log as this page holds it, and how it is read from what the browser remembers: not verified again, but held against the last hash. */
import { hex, same } from "../vault/bytes.js";
import { Compartment, MEMBERSHIP, RECORDS } from "../vault/compartment.js";
import { Refused, require } from "../vault/failures.js";
import { readAgain } from "../vault/log.js";

/** @typedef {import("../vault/log.js").Chain} Chain */
/** @typedef {import("../vault/network.js").Network} Network */
/** @typedef {(data: Uint8Array, reading?: import("../vault/network.js").Read) => unknown} Take */
/** @typedef {{ kind: number, log: string, chain: Chain, entries: Uint8Array[], kept: number, take: Take }} Log `kept` of its entries are remembered */
/** @typedef {{ compartment: Compartment, logs: Log[] }} Found */

/** @param {Network} network @param {Uint8Array} id @returns {Found} */
export function foundOf(network, id) {
  const compartment = new Compartment(network, id);
  const log = { log: hex(id), entries: [], kept: 0 };
  return { compartment, logs: [
    { ...log, kind: MEMBERSHIP, chain: compartment.members, entries: [], take: compartment.takeMemberEntry.bind(compartment) },
    { ...log, kind: RECORDS, chain: compartment.written, entries: [], take: compartment.takeRecordEntry.bind(compartment) },
  ] };
}

/** Take in what is remembered of a log and not here yet. @param {Log} log @param {import("./memory.js").Remembered} remembered */
export function replay(log, { head, entries }) {
  orDamaged(() => {
    for (const each of entries.slice(log.entries.length)) {
      log.take(each, readAgain);
      log.entries.push(each);
    }
  });
  // The last hash binds all before it: these are the very entries that were verified.
  const whole = head ? entries.length === head.length && same(log.chain.last, head.hash) : entries.length === 0 && log.kept === 0;
  require(whole, "memory-damaged");
  log.kept = head ? head.length : 0;
}

/** Whatever of it is refused, this browser remembered it wrongly. @param {() => unknown} act */
export function orDamaged(act) {
  try {
    act();
  } catch (error) {
    throw error instanceof Refused ? new Refused("memory-damaged") : error;
  }
}
