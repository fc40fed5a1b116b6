/**
 * Keeps the keys of whoever works here, in memory alone and for a while, and does what needs them. They are locked away
 * when nobody was here for a while (`guarding.js`), when the page closes, and when the session ends. What was being
 * written is sealed to its author's own key then, and there again after the next unlocking.
 */
import { Failure } from "../api.js";
import { hex } from "../vault/bytes.js";
import { tellTabs } from "../tabs.js";
import { Refused, require } from "../vault/failures.js";
import { idBytes, uuid } from "./coding.js";
import { createDrafts } from "./drafts.js";
import { createEpochKeys } from "./epoch_keys.js";
import { createGuard } from "./guarding.js";
import { epochKeyOf } from "./epochs.js";
import { currentOf, openAll } from "./opening.js";
import { createLayingAside } from "./laying_aside.js";
import { saved } from "./saving.js";
import { createSyncing } from "./syncing.js";
import { isExpected, troubleOf } from "./trouble_of.js";
import { bundlesOf, secretOf, unlocked, wipe } from "./unlocking.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Open} Open */
/** @typedef {import("./state.js").Shown} Shown */
/** @typedef {import("./state.js").Draft} Draft */
/** @typedef {import("../types.js").Channel} Channel */
/** @typedef {ReturnType<typeof createKeeping>} Keeping */

/** As `new_codename` in cases/codenames.py makes them. */
const CODENAME = /^[a-z]+(-[a-z]+)+$/;
/** What is for whoever writes to decide: they go on seeing what they look at. */
const TO_DECIDE = ["newer", "erased", "not-given-back"];

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
  const drafts = createDrafts(memory);
  const epochKeys = createEpochKeys();
  const texts = createLayingAside(store, drafts, () => open?.keys.secret, clock);
  /** How often keys were locked away: an unlocking that was begun before comes to nothing. */
  let lockings = 0;
  const guard = createGuard(clock, lock);

  /** Say what goes on, do it, and say what was wrong with it. @param {State["busy"]} busy @param {() => Promise<void>} act */
  async function doing(busy, act) {
    if (store.get().busy) return;
    store.set({ busy, trouble: null, done: "" });
    try {
      await act();
    } catch (error) {
      if (error instanceof Failure && error.status === 401) signedOut();
      // Whoever may not see it any more, or is shown something else than was there, is shown nothing of it.
      const outcome = error instanceof Refused ? error.outcome : "";
      if (!TO_DECIDE.includes(outcome) && (!(error instanceof Failure) || error.status === 404)) store.set({ shown: null, record: null });
      store.set({ trouble: troubleOf(error) });
      if (!isExpected(error)) throw error;
    } finally {
      store.set({ busy: "" });
    }
  }

  /** @param {string} passphrase */
  const unlock = (passphrase) => doing("unlocking", async () => {
    const pairing = await memory.pairing();
    if (!pairing) return store.set({ stage: "no_keys" });
    const begun = lockings;
    const secret = await secretOf(pairing);
    const board = await api.board();
    require(board.me.id === uuid(pairing.person), "another-person");
    syncing ??= createSyncing({ api, memory, trusted: pairing.network, now: clock.now });
    const network = await syncing.syncDirectory();
    const keys = await unlocked(means, pairing, network, passphrase, secret);
    const aside = await drafts.opened(keys.secret);
    if (begun !== lockings) {
      wipe(keys);
      throw new Refused("locked");
    }
    const { signingKey, boxKey } = /** @type {import("../vault/directory_state.js").Member} */ (network.now.people.get(hex(pairing.person)));
    open = { keys, person: pairing.person, network: pairing.network, own: { signingKey, boxKey } };
    store.set({ stage: "unlocked", aside, channels: board.channels });
    guard.begin();
  });

  function lock() {
    lockings += 1;
    if (!open) return;
    texts.keep();
    epochKeys.wipe();
    wipe(open.keys);
    open = null;
    guard.end();
    store.set({ stage: "locked", shown: null, record: null, draft: null, laid: null, aside: [], channels: [], trouble: null, done: "locked" });
    void count();
  }

  /** Nobody is signed in here any more. */
  function signedOut() {
    lock();
    if (!["no_keys", "joining"].includes(store.get().stage)) store.set({ stage: "signed_out", done: "" });
  }

  async function count() {
    store.set({ kept: await drafts.count() });
  }

  /** @param {boolean} visible */
  function sight(visible) {
    // A telephone may end the page from here on without a word.
    if (!visible) texts.keep();
    guard.sight(visible);
  }

  /** @param {Channel} channel @returns {Promise<Shown>} */
  async function read(channel) {
    const { keys, person, own } = mustBeOpen();
    const compartment = await /** @type {import("./syncing.js").Syncing} */ (syncing).sync(idBytes(channel.compartment));
    const me = compartment.network.now.people.get(hex(person));
    require(me?.signingKey === own.signingKey && me.boxKey === own.boxKey, "not-of-the-network");
    if (!compartment.isOpened) throw new Refused("not-opened");
    const before = store.get().shown?.channel.compartment === channel.compartment ? store.get().shown : null;
    const same = before?.epochKey?.number === compartment.circle.epoch && before.epochKey.newest !== null;
    const epochKey = same ? /** @type {Shown} */ (before).epochKey : await epochKeys.held(epochKeyOf(api, compartment, keys.secret, person));
    const read = await memory.read(hex(compartment.id));
    const opened = await openAll(api, compartment, epochKey, before?.opened ?? new Map(), read);
    await memory.keepRead(hex(compartment.id), opened.filter(({ version, refused }) => !refused && !read.has(version.hash)).map(({ version }) => version.hash));
    const shown = { channel, compartment, epochKey, at: clock.now(), opened: new Map(opened.map((each) => [each.version.hash, each])) };
    // Locked meanwhile: nothing of it is shown.
    mustBeOpen();
    store.set({ shown });
    return shown;
  }

  /** @param {import("./state.js").Decision} [decision] */
  const save = (decision = { seen: [], replaces: false }) => doing("saving", async () => {
    const { shown, draft } = store.get();
    if (!shown || draft?.compartment !== shown.channel.compartment) return;
    const changed = (/** @type {Draft} */ next) => store.set({ draft: next });
    const { channel } = shown;
    const { compartment } = await saved({ api, drafts, clock, read: () => read(channel), mustBeOpen, changed }, draft, decision);
    await texts.gone(draft);
    store.set({ record: currentOf(compartment, draft.record).length ? draft.record : null, done: "saved" });
  });

  /** @returns {Open} */
  function mustBeOpen() {
    if (!open) throw new Refused("locked");
    return open;
  }

  /** One never met has a name as Streha makes them, and no other: none that only looks like one known. @param {Channel} channel */
  async function isNew({ codename, compartment }) {
    return CODENAME.test(codename) && !(await memory.meant()).includes(compartment);
  }

  void count();
  return {
    unlock, lock, sight, save, signedOut, doing, mustBeOpen, read,
    directory: () => /** @type {import("./syncing.js").Syncing} */ (syncing).syncDirectory(),
    used: guard.used, wake: guard.wake,
    /** By hand: in all tabs of this browser. */
    lockEverywhere() {
      tellTabs("locked");
      lock();
    },
    /** There are other keys, or they came anew: nothing is as it was read before. */
    anew: () => void (syncing = null),
    throwAway: texts.gone, goOn: texts.goOn, typed: texts.typed,
    /** Somebody signed in again in another tab: nothing that was begun here is lost. */
    resume: () => store.set({ stage: open ? "unlocked" : "locked", trouble: null }),
    /** @param {Channel} channel */
    choose: (channel) => doing("opening", async () => {
      store.set({ record: null });
      // A codename is the server's word: it goes on meaning what it meant at first.
      const meant = await memory.named(channel.codename);
      require(meant === undefined ? await isNew(channel) : meant === channel.compartment, "another-case");
      const shown = await read(channel);
      if (!meant) await memory.name(channel.codename, channel.compartment);
      await texts.settle(shown);
    }),
    /** Take the keys and everything that is remembered from this browser; nobody waits for a server for that. */
    remove: () => doing("removing", async () => {
      const pairing = await memory.pairing();
      tellTabs("locked");
      lock();
      drafts.forget();
      await memory.remove();
      store.set({ stage: "no_keys", done: "removed", kept: 0 });
      for (const each of bundlesOf(pairing)) void api.deleteBundle(each).catch(() => null);
    }),
    /** Whether a text would be lost with this page. */
    holdsDraft: () => drafts.mayLose() || store.get().draft !== null,
  };
}
