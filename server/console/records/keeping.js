/**
 * Keeps the keys of whoever works here, in memory alone and for a while, and does what needs them. They are locked away
 * after fifteen minutes without a hand, when the page was out of sight for five, and when it closes. What was being
 * written is sealed to its author's own key then, and there again after the next unlocking.
 */
import { Failure } from "../api.js";
import { Refused } from "../vault/failures.js";
import * as sealedBox from "../vault/sealed_box.js";
import { text as bytesOf } from "../vault/bytes.js";
import { idBytes, newId } from "./coding.js";
import { allCurrent, currentOf, epochKeyOf, openAll } from "./opening.js";
import { epochIsDue, renewed } from "./renewing.js";
import { createSyncing } from "./syncing.js";
import { unlocked } from "./unlocking.js";
import { written } from "./writing.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Open} Open */
/** @typedef {import("./state.js").Shown} Shown */
/** @typedef {import("../types.js").Channel} Channel */
/** @typedef {ReturnType<typeof createKeeping>} Keeping */

export const UNUSED_MS = 15 * 60_000;
export const OUT_OF_SIGHT_MS = 5 * 60_000;
const TRIES = 5;
/** What another's entry that came first is told by. */
const AGAIN = ["not-next", "epoch-due"];

/**
 * @param {import("./state.js").Means} means
 * @param {import("./store.js").Store} store
 */
export function createKeeping(means, store) {
  const { api, clock, memory } = means;
  /** @type {Open | null} */
  let open = null;
  /** @type {import("./syncing.js").Syncing | null} */
  let syncing = null;
  /** @type {Uint8Array | null} */
  let sealedDraft = null;
  let callOff = () => {};
  let callOffSight = () => {};

  /** Say what goes on, do it, and say what was wrong with it. @param {State["busy"]} busy @param {() => Promise<void>} act */
  async function doing(busy, act) {
    if (store.get().busy) return;
    store.set({ busy, trouble: null, done: "" });
    try {
      await act();
    } catch (error) {
      if (error instanceof Failure && error.status === 401) store.set({ stage: "signed_out" });
      // Whoever may not see it any more, or is shown something else than was there, is shown nothing of it.
      if (!(error instanceof Failure) || error.status === 404) store.set({ shown: null, record: null });
      store.set({ trouble: troubleOf(error) });
    } finally {
      store.set({ busy: "" });
    }
  }

  /** @param {string} passphrase */
  const unlock = (passphrase) => doing("unlocking", async () => {
    const pairing = await memory.pairing();
    if (!pairing) return store.set({ stage: "no_keys" });
    syncing ??= createSyncing({ api, memory, trusted: pairing.network, now: clock.now });
    const network = await syncing.syncDirectory();
    const keys = await unlocked(means, pairing, network, passphrase);
    open = { keys, person: pairing.person, network: pairing.network };
    store.set({ stage: "unlocked", channels: (await api.board()).channels });
    used();
    if (sealedDraft) {
      store.set({ draft: JSON.parse(new TextDecoder().decode(sealedBox.open(keys.secret, sealedDraft))) });
      sealedDraft = null;
    }
  });

  function lock() {
    if (!open) return;
    const { draft } = store.get();
    if (draft) sealedDraft = sealedBox.seal(sealedBox.publicKey(open.keys.secret), bytesOf(JSON.stringify(draft)));
    for (const each of [open.keys.seed, open.keys.secret]) each.fill(0);
    open = null;
    callOff();
    store.set({ stage: "locked", shown: null, record: null, draft: null, channels: [], trouble: null, done: "locked" });
  }

  /** A hand was here. */
  function used() {
    callOff();
    if (open) callOff = clock.after(UNUSED_MS, lock);
  }

  /** @param {boolean} visible */
  function sight(visible) {
    callOffSight();
    if (!visible) callOffSight = clock.after(OUT_OF_SIGHT_MS, lock);
  }

  /** @param {Channel} channel @returns {Promise<Shown>} */
  async function read(channel) {
    const { keys, person } = mustBeOpen();
    const compartment = await /** @type {import("./syncing.js").Syncing} */ (syncing).sync(idBytes(channel.compartment));
    if (!compartment.isOpened) throw new Refused("not-opened");
    const before = store.get().shown?.channel.compartment === channel.compartment ? store.get().shown : null;
    const same = before?.epochKey?.number === compartment.circle.epoch;
    const epochKey = same ? /** @type {Shown} */ (before).epochKey : await epochKeyOf(api, compartment, keys.secret, person);
    const opened = await openAll(api, compartment, epochKey, before?.opened ?? new Map());
    const shown = { channel, compartment, epochKey, at: clock.now(), opened: new Map(opened.map((each) => [each.version.hash, each])) };
    // Locked meanwhile: nothing of it is shown.
    mustBeOpen();
    store.set({ shown });
    return shown;
  }

  const save = () => doing("saving", async () => {
    const { shown, draft } = store.get();
    if (!shown || draft?.compartment !== shown.channel.compartment) return;
    const record = draft.record ? idBytes(draft.record) : newId();
    for (let tried = 1; ; tried += 1) {
      const first = await send(shown.channel, { ...draft, record });
      if (!first) break;
      // Somebody was first: their entry is fetched, the rules are asked again, and ours is signed again.
      if (tried === TRIES) throw first;
    }
    const { compartment } = await read(shown.channel);
    const [first] = currentOf(compartment, hexOf(record));
    store.set({ draft: null, record: first ? hexOf(record) : null, done: "saved" });
  });

  /** @param {Channel} channel @param {import("./writing.js").Draft} draft @returns {Promise<Failure | null>} what says that somebody was first */
  async function send(channel, draft) {
    const { compartment, epochKey } = await read(channel);
    const { keys, person } = mustBeOpen();
    const author = { seed: keys.seed, person, at: Math.floor(clock.now() / 1000) };
    try {
      if (epochIsDue(compartment, author.at) || !epochKey) {
        const stored = await api.current(compartment.id, allCurrent(compartment).length, false);
        const { entry, grants, wraps } = renewed(compartment, epochKey, stored, author);
        await api.beginEpoch(compartment.id, entry, grants, wraps);
        return await send(channel, draft);
      }
      const made = written(compartment, epochKey, draft, author);
      await api.addRecordEntry(compartment.id, made.entry, made.content, made.wrap);
      return null;
    } catch (error) {
      if (error instanceof Failure && error.status === 409 && AGAIN.includes(error.outcome)) return error;
      throw error;
    }
  }

  /** @returns {Open} */
  function mustBeOpen() {
    if (!open) throw new Refused("locked");
    return open;
  }

  return {
    unlock, lock, used, sight, save,
    /** Somebody signed in again in another tab: nothing that was begun here is lost. */
    resume: () => store.set({ stage: open ? "unlocked" : "locked", trouble: null }),
    /** @param {Channel} channel */
    choose: (channel) => doing("opening", async () => {
      store.set({ record: null });
      await read(channel);
    }),
    /** Take the keys and everything that is remembered from this browser. */
    remove: () => doing("removing", async () => {
      const pairing = await memory.pairing();
      lock();
      if (pairing) await api.deleteBundle(pairing.bundle).catch(() => null);
      sealedDraft = null;
      await memory.remove();
      store.set({ stage: "no_keys", done: "removed" });
    }),
    holdsDraft: () => sealedDraft !== null || store.get().draft !== null,
  };
}

/** @param {Uint8Array} bytes */
function hexOf(bytes) {
  return [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
}

/** @param {unknown} error @returns {import("./state.js").Trouble} */
function troubleOf(error) {
  if (error instanceof Refused) return { outcome: error.outcome, failure: null };
  if (error instanceof Failure) return { outcome: error.outcome, failure: error };
  if (error instanceof DOMException) return { outcome: "memory-unavailable", failure: null };
  throw error;
}
