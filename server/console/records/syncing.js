/**
 * Brings the logs up to what the server has, and believes none of it: every entry is verified and held against the rules
 * and against what this browser remembers. Only when all of it holds is it remembered. Another entry than the one that is
 * known, by somebody who could have written it there (`proofs.js`), is a fork: both are kept as proof, and work on that
 * log stops. Where another tab has remembered more meanwhile, everything is read and held against the server anew.
 */
import { hex, same } from "../vault/bytes.js";
import { MEMBERSHIP, RECORDS } from "../vault/compartment.js";
import { Refused, require } from "../vault/failures.js";
import { entryOf, read, START } from "../vault/log.js";
import { Network } from "../vault/network.js";
import { hashOf, remembered as statementOf } from "../vault/statement.js";
import { difference, differing } from "./proofs.js";
import { foundOf, orDamaged, replay } from "./recalling.js";

/** @typedef {import("./memory.js").Memory} Memory */
/** @typedef {import("./vault_api.js").VaultApi} VaultApi */
/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("./recalling.js").Found} Found */
/** @typedef {import("./recalling.js").Log} Log */
/** @typedef {ReturnType<typeof createSyncing>} Syncing */

const DIRECTORY = 0;
const NETWORK_LOG = "00".repeat(16);
const DIRECTORY_NAME = { kind: DIRECTORY, log: NETWORK_LOG };
/** How often more is asked for, at a thousand entries each time, before it is called endless. */
const MOST_ANSWERS = 1000;
/** How often it begins anew because another tab was first. */
const TRIES = 3;

/**
 * @param {object} means
 * @param {VaultApi} means.api
 * @param {Memory} means.memory
 * @param {Uint8Array} means.trusted the network: the hash of its genesis
 * @param {() => number} means.now milliseconds since 1970
 */
export function createSyncing({ api, memory, trusted, now }) {
  /** @type {{ network: Network, log: Log } | null} */
  let begun = null;
  /** @type {Map<string, Found>} */
  const compartments = new Map();

  /** @returns {Promise<{ network: Network, log: Log }>} the network as it is remembered; at first its genesis as the server has it */
  async function begin() {
    if (begun) return begun;
    const known = (await memory.logs([DIRECTORY_NAME]))[0]?.entries ?? [];
    const genesis = (known.length ? known : (await api.directory(0)).entries)[0];
    if (!genesis || !same(hashOf(genesis), trusted)) throw new Refused("another-network");
    const network = new Network(genesis);
    begun = { network, log: { ...DIRECTORY_NAME, chain: network.chain, entries: [genesis], kept: 0, take: network.take.bind(network) } };
    return begun;
  }

  /** @param {Uint8Array} id @returns {Promise<Found>} as it is remembered */
  async function remembered(id) {
    const { network, log: directory } = await begin();
    const found = compartments.get(hex(id)) ?? foundOf(network, id);
    const logs = [directory, ...found.logs];
    const before = await memory.logs(logs);
    logs.forEach((log, nth) => replay(log, /** @type {import("./memory.js").Remembered} */ (before[nth])));
    compartments.set(hex(id), found);
    return found;
  }

  /** @param {Uint8Array} id @returns {Promise<Compartment>} with everything that the server has of it, verified and remembered */
  const sync = (id) => anew(async () => {
    await requireNoFork([DIRECTORY_NAME, ...[MEMBERSHIP, RECORDS].map((kind) => ({ kind, log: hex(id) }))]);
    const found = await remembered(id);
    const logs = [(await begin()).log, ...found.logs];
    await fetchAll(id, logs);
    await requireTold(found);
    const { versions } = found.compartment.records;
    require([...await memory.read(hex(id))].every((each) => versions.has(each)), "hidden");
    await keep(logs);
    return found.compartment;
  });

  /**
   * The directory alone, as the server has it, verified and remembered. Where what is right is refused as not what is wanted, nothing is remembered.
   * @param {(network: Network) => void} [wanted]
   * @returns {Promise<Network>}
   */
  const syncDirectory = (wanted = () => {}) => anew(async () => {
    await requireNoFork([DIRECTORY_NAME]);
    const { network, log } = await begin();
    for (const each of await memory.logs([log])) replay(log, each);
    for (let length = Infinity, asked = 0; log.entries.length !== length; asked += 1) {
      const before = log.entries.length;
      const answer = await api.directory(before - 1);
      length = answer.length;
      require(length >= before, "truncated");
      await takeAll(log, answer.entries);
      require(asked < MOST_ANSWERS && (log.entries.length > before || before === length), "not-next");
    }
    wanted(network);
    await keep([log]);
    return network;
  });

  /** Nothing stays of what was not all there and right: it is read from memory again. @template T @param {() => Promise<T>} act @returns {Promise<T>} */
  async function anew(act) {
    for (let tried = 1; ; tried += 1) {
      try {
        return await act();
      } catch (error) {
        begun = null;
        compartments.clear();
        if (!(error instanceof Refused) || error.outcome !== "overtaken" || tried === TRIES) throw error;
      }
    }
  }

  /** @param {Uint8Array} id @param {Log[]} logs */
  async function fetchAll(id, logs) {
    for (let asked = 0; asked < MOST_ANSWERS; asked += 1) {
      // From the last entry that is here: another one in its place shows at once.
      const [d, m, r] = logs.map((log) => Math.max(0, log.entries.length - 1));
      const answer = await api.snapshot(id, /** @type {any} */ ({ directory: d, members: m, records: r }));
      const parts = [answer.directory, answer.members, answer.records];
      const lengths = [answer.lengths.directory, answer.lengths.members, answer.lengths.records];
      let grown = false;
      for (const [nth, log] of logs.entries()) {
        const before = log.entries.length;
        if (/** @type {number} */ (lengths[nth]) < before) throw new Refused("truncated");
        await takeAll(log, /** @type {Uint8Array[]} */ (parts[nth]));
        grown ||= log.entries.length > before;
      }
      if (logs.every((log, nth) => log.entries.length === lengths[nth])) return;
      if (!grown) throw new Refused("not-next");
    }
    throw new Refused("not-next");
  }

  /** @param {Log} log @param {Uint8Array[]} given beginning with the last that is known */
  async function takeAll(log, given) {
    const last = log.entries.length - 1;
    for (const [nth, data] of given.entries()) {
      if (nth === 0 && last >= 0) {
        if (same(hashOf(data), log.chain.last)) continue;
        require(log.kind !== DIRECTORY || last > 0, "another-network");
        await forked(log, data);
      }
      try {
        log.take(data);
      } catch (error) {
        if (error instanceof Refused && error.outcome === "forked") await forked(log, data);
        throw error;
      }
      log.entries.push(data);
    }
  }

  /** What others had seen of the records must be what is here. @param {Found} found */
  async function requireTold({ compartment, logs }) {
    try {
      compartment.requireTold();
    } catch (error) {
      if (!(error instanceof Refused) || error.outcome !== "forked") throw error;
      const members = logs.find(({ kind }) => kind === MEMBERSHIP);
      for (const each of members?.entries ?? []) {
        if (difference(entryOf(statementOf(each), MEMBERSHIP), [compartment.written])) await forked(/** @type {Log} */ (members), each);
      }
      throw error;
    }
  }

  /** Keep the proof, if it is one, under the log that it shows another entry of. @param {Log} log @param {Uint8Array} data @returns {Promise<never>} */
  async function forked({ log, chain }, data) {
    const { network, log: directory } = await begin();
    const { compartment = null, logs = [] } = compartments.get(log) ?? {};
    const place = differing(data, chain, network, compartment);
    const other = /** @type {Log} */ ([directory, ...logs].find((each) => each.kind === place.kind && each.log === hex(place.log)));
    const known = /** @type {Uint8Array} */ (other.entries[place.number]);
    // What is remembered was not verified again when it was read. The genesis is the one that is trusted.
    if (other.kind !== DIRECTORY || place.number > 0) orDamaged(() => read(known, other.kind, network.id));
    await memory.keepFork({ network: network.id, kind: other.kind, log: other.log, number: place.number, known, other: data, at: now() });
    throw new Refused("forked");
  }

  /** @param {Log[]} logs */
  async function keep(logs) {
    const added = logs.filter(({ entries }) => entries.length > 0).map(({ kind, log, chain, entries, kept }) => (
      { kind, log, from: kept, after: chain.hashes[kept - 1] ?? START, entries: entries.slice(kept), hash: chain.last }
    ));
    await memory.add(added);
    for (const log of logs) log.kept = log.entries.length;
  }

  /** @param {import("./memory.js").Name[]} names */
  async function requireNoFork(names) {
    const forks = await memory.forks(trusted);
    require(!forks.some((each) => names.some(({ kind, log }) => each.kind === kind && each.log === log)), "forked");
  }

  return { sync, syncDirectory };
}
