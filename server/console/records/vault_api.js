/** Asks the API of the vault. What comes back is bytes that nobody has verified yet. */
import { createAsk, Failure } from "../api.js";
import { bounded } from "./bounded.js";
import { fromBase64, idBytes, toBase64, uuid } from "./coding.js";

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
const isUuid = (/** @type {any} */ value) => typeof value === "string" && /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
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
    /** Those that are ahead or under way. @returns {Promise<import("../types.js").Operation[]>} */
    ways: async () => (await ask("GET", "/api/operations", { operations: list })).operations,
    /** @param {string} code */
    signIn: (code) => ask("POST", "/api/sign-in/browser", {}, { code }),
    signOut: () => ask("DELETE", "/api/sign-in/sessions/current"),
    /** What is to be signed, and for which network's name. @param {Uint8Array} person @returns {Promise<{ nonce: Uint8Array, network: Uint8Array }>} */
    async challenge(person) {
      const { nonce, network } = await ask("POST", "/api/sign-in/challenges", { nonce: text, network: text }, { person: uuid(person) });
      return { nonce: hash(nonce), network: hash(network) };
    },
    /** @param {Uint8Array} person @param {Uint8Array} nonce @param {Uint8Array} signature @returns {Promise<string>} the token of a key's session, which is used for a link and ended */
    session: async (person, nonce, signature) =>
      (await ask("POST", "/api/sign-in/sessions", { token: text }, { person: uuid(person), nonce: toBase64(nonce), signature: toBase64(signature) })).token,
    /** @param {string} token @returns {Promise<string>} the code of a link */
    link: async (token) => (await ask("POST", "/api/sign-in/links", { code: text }, undefined, token)).code,
    /** @param {string} token */
    endSession: (token) => ask("DELETE", "/api/sign-in/sessions/current", {}, undefined, token),
    /** @param {Uint8Array} token of a paper @returns {Promise<{ network: Uint8Array, agency: Uint8Array }>} what the server says of it */
    async openInvitation(token) {
      const { network, agency } = await ask("POST", "/api/vault/invitations/opened", { network: text, agency: isUuid }, { token: toBase64(token) });
      return { network: hash(network), agency: idBytes(agency) };
    },
    /** The same offer again changes nothing. @param {Uint8Array} token @param {Uint8Array} offer */
    offerKeys: (token, offer) => ask("POST", "/api/vault/invitations/offers", {}, { token: toBase64(token), offer: toBase64(offer) }),
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
    /** @param {Uint8Array} compartment @param {Uint8Array} version @returns {Promise<Uint8Array[]>} the grants of a past version that one was given */
    histories: async (compartment, version) => (await ask("GET", `${at(compartment)}/history?version=${uuid(version)}`, { statements: list })).statements.map(bytes),
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

/** @param {unknown} value @returns {Uint8Array} of 32 bytes */
function hash(value) {
  const read = bytes(value);
  if (read.length !== 32) throw new Failure("garbled");
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
