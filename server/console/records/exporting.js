/**
 * Versions of records for a court, as in `client/vault/exporting.py`: the logs up to now, the sealed versions with their keys,
 * and a statement by whoever takes them out that says which and why. `streha record verify` checks it without Streha.
 */
import { hex, same } from "../vault/bytes.js";
import { encode } from "../vault/deterministic.js";
import { require } from "../vault/failures.js";
import { EXPORT } from "../vault/labels.js";
import { hashOf, make } from "../vault/statement.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("../vault/value.js").Value} Value */
/** @typedef {import("./past.js").Whole} Whole */

const FORMAT = "streha/record-export/v1";
export const MOST_VERSIONS = 100;
export const LONGEST_REASON = 2000;

/** @param {string} typed @returns {string} as it is signed; half a letter, which no program could read, is marked as such */
export function reasonOf(typed) {
  return typed.trim().replace(/\p{Surrogate}/gu, "\uFFFD");
}

/**
 * @param {Compartment} compartment brought up to date just now
 * @param {import("./memory.js").Memory} memory
 * @returns {Promise<Uint8Array[][]>} the statements of the directory, of the members and of the records, up to what is in `compartment`
 */
export async function statementsOf(compartment, memory) {
  const heads = compartment.heads();
  const network = "00".repeat(16);
  const logs = await memory.logs(heads.map(({ kind, log }) => ({ kind, log: kind === 0 ? network : hex(log) })));
  return heads.map(({ number, hash }, nth) => {
    // Another tab may have remembered more meanwhile.
    const entries = (logs[nth]?.entries ?? []).slice(0, number + 1);
    const last = entries.at(-1);
    require(last !== undefined && entries.length === number + 1 && same(hashOf(last), hash), "memory-damaged");
    return entries;
  });
}

/**
 * @param {Compartment} compartment
 * @param {Uint8Array[][]} logs
 * @param {Whole[]} chosen
 * @param {string} reason
 * @param {import("./writing.js").Author} author
 * @returns {Uint8Array}
 */
export function packed(compartment, [directory = [], members = [], records = []], chosen, reason, { seed, person, at }) {
  const seen = compartment.heads().map((each) => [each.kind, each.log, each.number, each.hash]);
  const ids = chosen.map(({ version }) => version.deed.version);
  /** @type {[string, Value][]} */
  const said = [["log", compartment.id], ["by", person], ["at", at], ["reason", reason], ["versions", ids], ["seen", seen]];
  const versions = chosen.map(({ version, sealed, key }) => new Map([["version", version.deed.version], ["content", sealed], ["key", key]]));
  /** @type {[string, Value][]} */
  const fields = [
    ["format", FORMAT], ["directory", directory], ["members", members], ["records", records], ["versions", versions],
    ["statement", make(seed, EXPORT, compartment.network.id, new Map(said))],
  ];
  return encode(new Map(fields));
}
