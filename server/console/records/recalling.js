/** A log as this page holds it, and how it is read from what the browser remembers: not verified again, but held against the last hash. */
import { hex, same } from "../vault/bytes.js";
import { Compartment, MEMBERSHIP, RECORDS } from "../vault/compartment.js";
import { Refused, require } from "../vault/failures.js";
import { readAgain } from "../vault/log.js";
import { Network } from "../vault/network.js";

/** @typedef {import("../vault/log.js").Chain} Chain */
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
  // Another tab has begun anew meanwhile: what is here was not remembered wrongly.
  if (!head && log.kept > 0) throw new Refused("overtaken");
  orDamaged(() => {
    for (const each of entries.slice(log.entries.length)) {
      log.take(each, readAgain);
      log.entries.push(each);
    }
  });
  // The last hash binds all before it: these are the very entries that were verified.
  const whole = head ? entries.length === head.length && same(log.chain.last, head.hash) : entries.length === 0;
  require(whole, "memory-damaged");
  log.kept = head ? head.length : 0;
}

/**
 * The directory as it was verified here last, without asking anybody.
 * @param {import("./memory.js").Memory} memory
 * @param {Uint8Array} trusted
 * @returns {Promise<Network | null>} nothing where it never was
 */
export async function recalled(memory, trusted) {
  const [genesis, ...others] = (await memory.logs([{ kind: 0, log: "00".repeat(16) }]))[0]?.entries ?? [];
  if (!genesis) return null;
  const network = new Network(genesis);
  require(same(network.id, trusted), "another-network");
  for (const each of others) network.take(each, readAgain);
  return network;
}

/** Whatever of it is refused, this browser remembered it wrongly. @param {() => unknown} act */
export function orDamaged(act) {
  try {
    act();
  } catch (error) {
    throw error instanceof Refused ? new Refused("memory-damaged") : error;
  }
}
