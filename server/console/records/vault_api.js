/** Asks the API of the vault. What comes back is bytes that nobody has verified yet. */
import { createAsk, Failure } from "../api.js";
import { bounded } from "./bounded.js";
import { fromBase64, toBase64, uuid } from "./coding.js";

/** @typedef {{ directory: number, members: number, records: number }} Positions */
/** @typedef {{ directory: Uint8Array[], members: Uint8Array[], records: Uint8Array[], lengths: Positions }} Snapshot */
/** @typedef {{ epoch: number, wrap: Uint8Array }} Wrap */
/** @typedef {{ version: string, content: Uint8Array, wraps: Wrap[] }} Stored */
/** @typedef {ReturnType<typeof createVaultApi>} VaultApi */

const LIMIT_MS = 60_000;
/** How many answers may hold nothing but what came after the logs were read. */
const NEWER = 50;
const whole = (/** @type {any} */ value) => Number.isInteger(value);
const text = (/** @type {any} */ value) => typeof value === "string";
const list = (/** @type {any} */ value) => Array.isArray(value);
const record = (/** @type {any} */ value) => typeof value === "object" && value !== null;
const SNAPSHOT = { directory: list, members: list, records: list, lengths: record };

/** @param {{ fetch: typeof globalThis.fetch, clock: import("../types.js").Clock }} means */
export function createVaultApi({ fetch, clock }) {
  const ask = createAsk({ fetch: bounded(fetch), clock, limit: LIMIT_MS });
  const at = (/** @type {Uint8Array} */ compartment) => `/api/vault/compartments/${uuid(compartment)}`;
  return {
    /** For what is no part of the vault's: passkeys. */
    ask,
    /** @returns {Promise<import("../types.js").Board>} */
    board: () => ask("GET", "/api/board", { me: record, channels: list }),
    /** @param {string} code */
    signIn: (code) => ask("POST", "/api/sign-in/browser", {}, { code }),
    signOut: () => ask("DELETE", "/api/sign-in/sessions/current"),
    /** @param {number} after @returns {Promise<{ entries: Uint8Array[], length: number }>} */
    async directory(after) {
      const { entries, length } = await ask("GET", `/api/vault/directory?after=${after}`, { entries: list, length: whole });
      return { entries: entries.map(bytes), length };
    },
    /** @param {Uint8Array} compartment @param {Positions} from @returns {Promise<Snapshot>} */
    async snapshot(compartment, from) {
      const asked = Object.entries(from).map(([name, number]) => `${name}=${number}`).join("&");
      const { directory, members, records, lengths } = await ask("GET", `${at(compartment)}?${asked}`, SNAPSHOT);
      if (![lengths.directory, lengths.members, lengths.records].every(whole)) throw new Failure("garbled");
      return { directory: directory.map(bytes), members: members.map(bytes), records: records.map(bytes), lengths };
    },
    /** @param {Uint8Array} compartment @param {number} number of the epoch @returns {Promise<{ epoch: number, statement: Uint8Array }>} */
    async grant(compartment, number) {
      const { epoch, statement } = await ask("GET", `${at(compartment)}/grant?epoch=${number}`, { epoch: whole, statement: text });
      return { epoch, statement: bytes(statement) };
    },
    /** @param {Uint8Array} compartment @param {import("../vault/records.js").Version[]} wanted @param {boolean} contents or wraps alone @returns {Promise<Stored[]>} those of them that the server has */
    async current(compartment, wanted, contents = true) {
      const missing = new Set(wanted.map(({ deed }) => uuid(deed.version)));
      /** @type {Stored[]} */
      const found = [];
      // Ascending by id, at least one new in each answer; besides those that are wanted there may be newer ones.
      for (let [last, asked] = ["", 0]; missing.size && asked <= wanted.length + NEWER; asked += 1) {
        const after = last && `&after=${encodeURIComponent(last)}`;
        const answer = await ask("GET", `${at(compartment)}/versions?current=true&contents=${contents}${after}`, { versions: list });
        if (!answer.versions.length) break;
        for (const each of answer.versions.map(stored)) {
          if (each.version <= last) throw new Failure("garbled");
          last = each.version;
          if (missing.delete(last)) found.push(each);
        }
      }
      return found;
    },
    /** @param {Uint8Array} compartment @param {Uint8Array} version @returns {Promise<Stored>} */
    async version(compartment, version) {
      const answer = stored(await ask("GET", `${at(compartment)}/versions/${uuid(version)}`, { version: text, wraps: list }));
      if (answer.version !== uuid(version)) throw new Failure("garbled");
      return answer;
    },
    /** @param {Uint8Array} compartment @returns {Promise<Uint8Array[]>} the grants of past versions that one was given */
    histories: async (compartment) => (await ask("GET", `${at(compartment)}/history`, { statements: list })).statements.map(bytes),
    /** That one is about to take versions out for a court. @param {Uint8Array} compartment @param {Uint8Array[]} versions */
    tellExport: (compartment, versions) => ask("POST", `${at(compartment)}/exports`, {}, { versions: versions.map(uuid) }),
    /** @param {Uint8Array} compartment @param {Uint8Array} entry @param {Uint8Array} content @param {Uint8Array} wrap */
    addRecordEntry: (compartment, entry, content, wrap) =>
      ask("POST", `${at(compartment)}/records`, {}, { entry: toBase64(entry), content: toBase64(content), wrap: toBase64(wrap) }),
    /** @param {Uint8Array} compartment @param {Uint8Array} entry @param {Map<string, Uint8Array>} grants by member @param {Map<string, Uint8Array>} wraps by version */
    beginEpoch: (compartment, entry, grants, wraps) =>
      ask("POST", `${at(compartment)}/members`, {}, {
        entry: toBase64(entry),
        grants: [...grants].map(([member, statement]) => ({ member: uuid(member), statement: toBase64(statement) })),
        wraps: [...wraps].map(([version, wrap]) => ({ version: uuid(version), wrap: toBase64(wrap) })),
      }),
    /** @param {Uint8Array} id @returns {Promise<Uint8Array>} */
    bundle: async (id) => bytes((await ask("GET", `/api/vault/bundles/${uuid(id)}`, { bundle: text })).bundle),
    /** @param {Uint8Array} id @param {number} kind @param {Uint8Array} bundle */
    putBundle: (id, kind, bundle) => ask("PUT", `/api/vault/bundles/${uuid(id)}`, {}, { kind, bundle: toBase64(bundle) }),
    /** @param {Uint8Array} id */
    deleteBundle: (id) => ask("DELETE", `/api/vault/bundles/${uuid(id)}`),
  };
}

/** @param {unknown} value @returns {Uint8Array} */
function bytes(value) {
  const read = typeof value === "string" ? fromBase64(value) : null;
  if (!read) throw new Failure("garbled");
  return read;
}

/** @param {any} answer @returns {Stored} */
function stored(answer) {
  if (!record(answer)) throw new Failure("garbled");
  const { version, content, wraps } = answer;
  if (!text(version) || !list(wraps) || !wraps.every(record)) throw new Failure("garbled");
  const read = wraps.map((/** @type {any} */ { epoch, wrap }) => ({ epoch: Number(epoch), wrap: bytes(wrap) }));
  return { version, content: bytes(content ?? ""), wraps: read };
}
