/**
 * Asks the API. Every request has a time limit, and whatever goes wrong becomes a `Failure`: nothing else is thrown.
 * What the server says of a refusal is already in the person's words.
 */
import { language } from "./texts.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Board} Board
 * @typedef {import("./types.js").Clock} Clock
 * @typedef {import("./types.js").Operation} Operation
 * @typedef {import("./types.js").Reason} Reason
 * @typedef {import("./types.js").Review} Review
 * @typedef {import("./types.js").SafeCall} SafeCall
 * @typedef {import("./types.js").Status} Status
 */

export const REQUEST_MS = 10_000;

/** What an answer must hold at least, or it is not one. @typedef {Readonly<Record<string, (value: any) => boolean>>} Shape */
const text = (/** @type {unknown} */ value) => typeof value === "string";
const texts = (/** @type {unknown} */ value) => Array.isArray(value) && value.every(text);
const record = (/** @type {unknown} */ value) => typeof value === "object" && value !== null && !Array.isArray(value);
const list = (/** @type {Shape} */ shape) => (/** @type {unknown} */ value) => Array.isArray(value) && value.every((each) => fits(each, shape));
/** @type {Shape} */
const ALERT = {
  id: text, codename: text, compartment: text, pressed_by: texts, status: text, event: text, state: text, sent: text, people: record,
  agencies: list({ agency: text, part: text }),
  recipients: list({ person: text, agency: text }),
  deliveries: list({ target: text, template: text, state: text, unreached: texts }),
};
/** @type {Shape} */
const REVIEWS = { reviews: list({ id: text, codename: text, level: text, owner: text, due_at: text }) };
/** @type {Shape} */
const BOARD = {
  ...REVIEWS, position: Number.isInteger, at: text, me: record, people: record, agencies: record, alerts: list(ALERT),
  duty: list({ desk: text, agency: text, officers: texts, on_duty: texts }), channels: list({ compartment: text, codename: text }),
};

/** @type {Shape} */
const WAY = { operation: text, codename: text, status: text, begins_at: text, decisions: texts, steps: list({ kind: text, confirmers: texts }) };
/** @type {Shape} */
const WAYS = { operations: list(WAY) };
/** @type {Shape} */
const SAFE_CALLS = { safe_calls: list({ safe_call: text, codename: text, listeners: texts }) };

/** Why something was not done: nobody answered, it was refused, or what came back makes no sense. */
export class Failure extends Error {
  /**
   * @param {"unreachable" | "refused" | "garbled"} kind
   * @param {number} [status]
   * @param {string} [detail] The server's own words.
   * @param {number} [wait] How many seconds the server asks to wait.
   * @param {string} [outcome] The word of the vault's protocol, where it is of the vault.
   */
  constructor(kind, status = 0, detail = "", wait = 0, outcome = "") {
    super(kind);
    this.kind = kind;
    this.status = status;
    this.detail = detail;
    this.wait = wait;
    this.outcome = outcome;
  }
}

/** @typedef {(method: string, path: string, shape?: Shape, body?: object, token?: string) => Promise<any>} Ask with a token it is not the browser's session that asks */
/** @typedef {ReturnType<typeof createApi>} Api */

/**
 * @param {{ fetch: typeof globalThis.fetch, clock: Clock, limit?: number }} means `limit` is in milliseconds
 * @returns {Ask} what asks for a path, and holds the answer against its shape
 */
export function createAsk({ fetch, clock, limit = REQUEST_MS }) {
  return async (method, path, shape = {}, body, token) => {
    const aborting = new AbortController();
    const callOff = clock.after(limit, () => aborting.abort());
    try {
      const response = await fetch(path, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: {
          Accept: "application/json",
          "Accept-Language": language(),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        },
        cache: "no-store",
        credentials: "same-origin",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: aborting.signal,
      });
      return await read(response, shape);
    } catch (failure) {
      throw failure instanceof Failure ? failure : new Failure("unreachable");
    } finally {
      callOff();
    }
  };
}

/** @param {{ fetch: typeof globalThis.fetch, clock: Clock }} means */
export function createApi(means) {
  const ask = createAsk(means);
  return {
    /** For parts that are fetched when they are needed. */
    ask,
    /** @returns {Promise<Board>} */
    board: () => ask("GET", "/api/board", BOARD),
    /** @returns {Promise<Review[]>} */
    reviews: async () => (await ask("GET", "/api/reviews", REVIEWS)).reviews,
    /** @returns {Promise<Operation[]>} */
    ways: async () => (await ask("GET", "/api/operations", WAYS)).operations,
    /** @param {string} id @returns {Promise<Operation>} */
    way: (id) => ask("GET", `/api/operations/${id}`, WAY),
    /** @returns {Promise<SafeCall[]>} */
    safeCalls: async () => (await ask("GET", "/api/safe-calls", SAFE_CALLS)).safe_calls,
    /** @param {string} id @returns {Promise<Alert>} */
    alert: (id) => ask("GET", `/api/alerts/${id}`, ALERT),
    /** @param {string} key @param {string} compartment @param {Status} status @param {string} [what] @returns {Promise<Alert>} */
    raise: (key, compartment, status, what) => ask("PUT", `/api/alerts/${key}`, ALERT, { compartment, status, ...happening(what) }),
    /** @param {string} id @returns {Promise<Alert>} */
    accept: (id) => ask("POST", `/api/alerts/${id}/acknowledgement`, ALERT),
    /** @param {string} id @param {Reason} reason @returns {Promise<Alert>} */
    standDown: (id, reason) => ask("POST", `/api/alerts/${id}/stand-down`, ALERT, { reason }),
    /** @param {string} id @param {boolean} called @param {string | null} by Nobody where one called who takes no part. @returns {Promise<Alert>} */
    police: (id, called, by) => ask("POST", `/api/alerts/${id}/emergency-calls`, ALERT, { called, by }),
    /** @param {string} code @returns {Promise<void>} */
    signIn: (code) => ask("POST", "/api/sign-in/browser", {}, { code }),
    /** @returns {Promise<void>} */
    signOut: () => ask("DELETE", "/api/sign-in/sessions/current"),
  };
}

/** Return what tells the API what happens; panic needs no words. @param {string} [what] */
function happening(what) {
  if (!what) return {};
  return what === "missing_child" ? { event: "missing_person", child: true } : { event: what };
}

/** @param {Response} response @param {Shape} shape */
async function read(response, shape) {
  if (!response.ok) throw await refusal(response);
  if (response.status === 204) return null;
  /** @type {any} */
  let answer;
  try {
    answer = JSON.parse(await response.text());
  } catch (error) {
    // A body that breaks off is a connection that broke; one that arrived whole was never ours.
    throw error instanceof SyntaxError ? new Failure("garbled", response.status) : error;
  }
  if (!fits(answer, shape)) throw new Failure("garbled", response.status);
  return answer;
}

/** @param {any} value @param {Shape} shape @returns {boolean} */
function fits(value, shape) {
  return record(value) && Object.entries(shape).every(([name, right]) => right(value[name]));
}

/** @param {Response} response */
async function refusal(response) {
  const wait = Math.min(60, Number(response.headers.get("Retry-After")) || 0);
  try {
    const problem = JSON.parse(await response.text());
    const detail = typeof problem?.detail === "string" ? problem.detail : "";
    const outcome = typeof problem?.outcome === "string" ? problem.outcome : "";
    return new Failure("refused", response.status, detail, wait, outcome);
  } catch {
    return new Failure(response.status >= 500 ? "unreachable" : "refused", response.status, "", wait);
  }
}
