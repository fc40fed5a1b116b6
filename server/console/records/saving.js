/**
 * Saving a text that was begun, so that it neither gets lost nor is written twice, whatever becomes of an answer.
 *
 * What is sent is kept first, sealed, with its hash. Nothing counts as saved before it was seen in the log; not what the
 * server says. Whatever went wrong, the log is looked at before anything is signed again. And a text follows no version
 * that its author was not shown: where there are newer ones, they decide.
 */
import { Failure } from "../api.js";
import { hex, same } from "../vault/bytes.js";
import { Refused, require } from "../vault/failures.js";
import { MOST_FOLLOWED } from "../vault/records.js";
import { hashOf } from "../vault/statement.js";
import { placed, withoutLost } from "./drafts.js";
import { allCurrent } from "./opening.js";
import { epochIsDue, renewed } from "./renewing.js";
import { written } from "./writing.js";

/** @typedef {import("./state.js").Decision} Decision */
/** @typedef {import("./state.js").Draft} Draft */
/** @typedef {import("./state.js").Open} Open */
/** @typedef {import("./state.js").Shown} Shown */
/** @typedef {import("../vault/log.js").Chain} Chain */
/** @typedef {{ kind: number, hash: Uint8Array, failure: Failure | null }} Tried an entry that was sent, and what became of it */

/** How often others may be first, epochs that fall due counted too. */
const TRIES = 5;
/** What another's entry that came first is told by. */
const AGAIN = ["not-next", "epoch-due"];

/**
 * @param {object} means
 * @param {import("./vault_api.js").VaultApi} means.api
 * @param {import("./drafts.js").Drafts} means.drafts
 * @param {import("../types.js").Clock} means.clock
 * @param {() => Promise<Shown>} means.read the compartment, brought up to date
 * @param {() => Open} means.mustBeOpen
 * @param {(draft: Draft) => void} means.changed
 * @param {Draft} draft
 * @param {Decision} decision
 * @returns {Promise<Shown>} in which the text stands
 */
export async function saved({ api, drafts, clock, read, mustBeOpen, changed }, draft, decision) {
  /** @type {Tried | null} */
  let last = null;
  let now = draft;
  for (let tried = 0; ; tried += 1) {
    const shown = await read();
    const stands = placed(now, shown);
    if (stands === true) return shown;
    // An entry alone is no text: ours may be the only one.
    if (stands === "withheld") throw new Refused("not-given-back");
    requirePlaced(last, shown);
    if (tried === TRIES) throw last?.failure ?? new Refused("behind");
    now = withoutLost(stands ?? now, shown.compartment);
    changed(now);
    last = await attempt(shown);
  }

  /** @param {Shown} shown @returns {Promise<Tried>} */
  async function attempt({ compartment, epochKey }) {
    const author = authorOf(mustBeOpen());
    if (epochIsDue(compartment, author.at) || !epochKey) {
      const stored = await api.current(compartment.id, allCurrent(compartment), false);
      mustBeOpen();
      const { entry, grants, wraps } = await renewed(compartment, epochKey, stored, author);
      mustBeOpen();
      return await sent(compartment.members, entry, () => api.beginEpoch(compartment.id, entry, grants, wraps));
    }
    now = decided(now, decision, compartment);
    const made = written(compartment, epochKey, now, author);
    const number = compartment.written.hashes.length;
    now = { ...now, sent: [...now.sent, { hash: hex(hashOf(made.entry)), text: now.text, number }] };
    changed(now);
    await drafts.keep(now, mustBeOpen().keys.secret);
    return await sent(compartment.written, made.entry, () => api.addRecordEntry(compartment.id, made.entry, made.content, made.wrap));
  }

  /** @param {Open} open */
  function authorOf({ keys, person }) {
    return { seed: keys.seed, person, at: Math.floor(clock.now() / 1000) };
  }
}

/** @param {Draft} draft @param {Decision} decision @param {import("../vault/compartment.js").Compartment} compartment @returns {Draft} as its author wants it, who was shown all that stands beside it */
function decided(draft, { seen, replaces }, { records }) {
  require(!records.erased.has(draft.record), "erased");
  const current = [...(records.current.get(draft.record) ?? [])];
  const known = [...draft.follows, ...(draft.beside ?? []), ...seen];
  require(current.every((each) => known.includes(each)), "newer");
  if (!replaces) return draft;
  return { ...draft, follows: current.slice(0, MOST_FOLLOWED), beside: current.slice(MOST_FOLLOWED) };
}

/** @param {Chain} chain @param {Uint8Array} entry @param {() => Promise<unknown>} send @returns {Promise<Tried>} */
async function sent({ kind }, entry, send) {
  const hash = hashOf(entry);
  try {
    await send();
    return { kind, hash, failure: null };
  } catch (error) {
    // Only the log tells what became of it.
    const mayStand = error instanceof Failure && (error.kind !== "refused" || (error.status === 409 && AGAIN.includes(error.outcome)));
    if (mayStand) return { kind, hash, failure: error };
    throw error;
  }
}

/** What was sent before must be in its log now, unless somebody else was first. @param {Tried | null} last @param {Shown} shown */
function requirePlaced(last, { compartment }) {
  if (!last) return;
  const chain = compartment.members.kind === last.kind ? compartment.members : compartment.written;
  if (chain.hashes.some((each) => same(each, last.hash))) return;
  // "Stored", it was told, and it is not there.
  if (!last.failure) throw new Refused("behind");
  if (last.failure.kind !== "refused") throw last.failure;
}
