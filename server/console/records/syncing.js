/**
 * Brings the logs up to what the server has, and believes none of it: every entry is verified and held against the rules
 * and against what this browser remembers. Only when all of it holds is it remembered. Other entries than those that are
 * known are a fork: both are kept as proof, and work on that log stops.
 */
import { hex, same } from "../vault/bytes.js";
import { Compartment, MEMBERSHIP, RECORDS } from "../vault/compartment.js";
import { Refused, require } from "../vault/failures.js";
import { readAgain } from "../vault/log.js";
import { Network } from "../vault/network.js";
import { hashOf } from "../vault/statement.js";

/** @typedef {import("./memory.js").Memory} Memory */
/** @typedef {import("./vault_api.js").VaultApi} VaultApi */
/** @typedef {{ kind: number, log: string, hashes: () => Uint8Array[], entries: Uint8Array[], kept: number, take: (data: Uint8Array) => unknown }} Log */
/** @typedef {ReturnType<typeof createSyncing>} Syncing */

const DIRECTORY = 0;
const NETWORK_LOG = "00".repeat(16);
/** How often more is asked for, at a thousand entries each time, before it is called endless. */
const MOST_ANSWERS = 1000;

/**
 * @param {object} means
 * @param {VaultApi} means.api
 * @param {Memory} means.memory
 * @param {Uint8Array} means.trusted the network: the hash of its genesis
 * @param {() => number} means.now milliseconds since 1970
 */
export function createSyncing({ api, memory, trusted, now }) {
  /** @type {Network | null} */
  let network = null;
  /** @type {Log | null} */
  let directory = null;
  /** @type {Map<string, { compartment: Compartment, logs: Log[] }>} */
  const compartments = new Map();

  /** @returns {Promise<Network>} the network as it is remembered; at first with what the server says, from its genesis on */
  async function begin() {
    await requireNoFork(DIRECTORY, NETWORK_LOG);
    if (network && directory) return network;
    const { head, entries } = await memory.log({ kind: DIRECTORY, log: NETWORK_LOG });
    const known = entries.length ? entries : (await api.directory(0)).entries;
    const genesis = known[0];
    if (!genesis || !same(hashOf(genesis), trusted)) throw new Refused("another-network");
    const begun = new Network(genesis);
    const log = {
      kind: DIRECTORY, log: NETWORK_LOG, hashes: () => begun.chain.hashes, entries: [genesis], kept: head ? 1 : 0,
      take: (/** @type {Uint8Array} */ data) => begun.take(data),
    };
    if (head) replay(log, entries.slice(1), head, (data) => begun.take(data, readAgain));
    [network, directory] = [begun, log];
    return begun;
  }

  /** @param {Uint8Array} id @returns {Promise<{ compartment: Compartment, logs: Log[] }>} as it is remembered */
  async function remembered(id) {
    const known = compartments.get(hex(id));
    if (known) return known;
    const compartment = new Compartment(await begin(), id);
    const found = { compartment, logs: /** @type {Log[]} */ ([]) };
    for (const kind of [MEMBERSHIP, RECORDS]) {
      const take = kind === MEMBERSHIP ? compartment.takeMemberEntry : compartment.takeRecordEntry;
      const chain = kind === MEMBERSHIP ? compartment.members : compartment.written;
      const log = { kind, log: hex(id), hashes: () => chain.hashes, entries: [], kept: 0, take: take.bind(compartment) };
      const { head, entries } = await memory.log(log);
      if (head) replay(log, entries, head, (data) => take.call(compartment, data, readAgain));
      found.logs.push(log);
    }
    compartments.set(hex(id), found);
    return found;
  }

  /** @param {Uint8Array} id @returns {Promise<Compartment>} with everything that the server has of it, verified and remembered */
  async function sync(id) {
    await begin();
    for (const kind of [MEMBERSHIP, RECORDS]) await requireNoFork(kind, hex(id));
    const found = await remembered(id);
    const logs = [/** @type {Log} */ (directory), ...found.logs];
    try {
      await fetchAll(id, logs);
      found.compartment.requireTold();
      await keep(logs);
    } catch (error) {
      // Nothing stays of what was not all there and right: it is read from memory again.
      forget();
      throw error;
    }
    return found.compartment;
  }

  /** @returns {Promise<Network>} the directory alone, as the server has it, verified and remembered */
  async function syncDirectory() {
    const begun = await begin();
    const log = /** @type {Log} */ (directory);
    try {
      for (let length = Infinity, asked = 0; log.hashes().length !== length; asked += 1) {
        const before = log.hashes().length;
        const answer = await api.directory(before - 1);
        length = answer.length;
        require(length >= before, "truncated");
        await takeAll(log, answer.entries);
        require(asked < MOST_ANSWERS && (log.hashes().length > before || before === length), "not-next");
      }
      await keep([log]);
    } catch (error) {
      forget();
      throw error;
    }
    return begun;
  }

  /** @param {Uint8Array} id @param {Log[]} logs */
  async function fetchAll(id, logs) {
    for (let asked = 0; asked < MOST_ANSWERS; asked += 1) {
      // From the last entry that is here: another one in its place shows at once.
      const [d, m, r] = logs.map((log) => Math.max(0, log.hashes().length - 1));
      const answer = await api.snapshot(id, /** @type {any} */ ({ directory: d, members: m, records: r }));
      const parts = [answer.directory, answer.members, answer.records];
      const lengths = [answer.lengths.directory, answer.lengths.members, answer.lengths.records];
      let grown = false;
      for (const [nth, log] of logs.entries()) {
        const before = log.hashes().length;
        if (/** @type {number} */ (lengths[nth]) < before) throw new Refused("truncated");
        await takeAll(log, /** @type {Uint8Array[]} */ (parts[nth]));
        grown ||= log.hashes().length > before;
      }
      if (logs.every((log, nth) => log.hashes().length === lengths[nth])) return;
      if (!grown) throw new Refused("not-next");
    }
    throw new Refused("not-next");
  }

  /** @param {Log} log @param {Uint8Array[]} given beginning with the last that is known */
  async function takeAll(log, given) {
    const last = log.hashes().length - 1;
    for (const [nth, data] of given.entries()) {
      if (nth === 0 && last >= 0) {
        if (!same(hashOf(data), /** @type {Uint8Array} */ (log.hashes()[last]))) await forked(log, last, data);
        continue;
      }
      try {
        log.take(data);
      } catch (error) {
        if (error instanceof Refused && error.outcome === "forked") await forked(log, log.hashes().length, data);
        throw error;
      }
      log.entries.push(data);
    }
  }

  /** @param {Log} log @param {number} number @param {Uint8Array} other */
  async function forked({ kind, log, entries }, number, other) {
    const known = entries[number] ?? entries.at(-1) ?? new Uint8Array();
    await memory.keepFork({ kind, log, number, known, other, at: now() });
    throw new Refused("forked");
  }

  /** @param {Log[]} logs */
  async function keep(logs) {
    const added = logs.map(({ kind, log, entries, kept, hashes }) => (
      { kind, log, from: kept, entries: entries.slice(kept), hash: hashes().at(-1) ?? new Uint8Array(32) }
    ));
    await memory.add(added.filter(({ from, entries }) => from + entries.length > 0), now());
    for (const log of logs) log.kept = log.entries.length;
  }

  /** @param {number} kind @param {string} log */
  async function requireNoFork(kind, log) {
    const forks = await memory.forks();
    require(!forks.some((each) => each.kind === kind && each.log === log), "forked");
  }

  function forget() {
    [network, directory] = [null, null];
    compartments.clear();
  }

  return { sync, syncDirectory };
}

/** @param {Log} log @param {Uint8Array[]} entries @param {import("./memory.js").Head} head @param {(data: Uint8Array) => unknown} take */
function replay(log, entries, head, take) {
  for (const each of entries) take(each);
  log.entries.push(...entries);
  log.kept = log.entries.length;
  // The last hash binds all before it: these are the very entries that were verified.
  if (log.kept !== head.length || !same(/** @type {Uint8Array} */ (log.hashes().at(-1)), head.hash)) throw new Refused("memory-damaged");
}
