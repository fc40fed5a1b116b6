/** Every raise of this person that is under way here, whatever screen is shown and whether or not anybody listens. */
import { isDrill, isMine, isOpen, knownOf } from "./alert_facts.js";
import { NOTHING_CHOSEN } from "./store.js";
import { isGuarded, isUnsent, startRaise } from "./panic.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Channel} Channel
 * @typedef {import("./types.js").Progress} Progress
 * @typedef {import("./types.js").Status} Status
 * @typedef {ReturnType<typeof createRaises>} Raises
 */

/**
 * @param {object} means
 * @param {import("./types.js").Clock} means.clock
 * @param {() => string} means.newKey
 * @param {import("./store.js").Store} means.store
 * @param {import("./knowledge.js").Knowledge} means.knowledge
 */
export function createRaises({ clock, newKey, store, knowledge }) {
  /** @type {import("./panic.js").Raise[]} */
  let running = [];
  /** Alerts that were stayed with already: they do not come back by themselves. @type {Set<string>} */
  const stayedWith = new Set();
  let person = "";

  function changed() {
    fold();
    for (const { alert } of running.map((each) => each.now())) if (alert) stayedWith.add(alert.id);
    store.set({ raises: running.map((each) => each.now()) });
  }

  /** Several presses may be one alert: the first stays with it, unless it was stopped before; the others are done. */
  function fold() {
    /** @type {import("./panic.js").Raise[]} */
    const kept = [];
    for (const each of [...running].reverse()) {
      const twin = kept.findIndex((one) => alertOf(one.now()) === alertOf(each.now()));
      if (twin < 0) kept.push(each);
      else if (staysWith(kept[twin].now())) {
        each.abandon();
        // It may be open again; and nobody else tells of that where nobody is signed in.
        const { alert } = each.now();
        if (alert) kept[twin].see(alert);
      }
      else kept.splice(twin, 1, each).forEach((one) => one.abandon());
    }
    running = kept.reverse();
  }

  /** @param {{ key: string, channel: Channel, status: Status, what?: string, alert?: Alert }} press @param {boolean} repeats */
  function begin(press, repeats) {
    const { raise, look, standDown } = knowledge;
    const again = repeats ? raise : () => look(press.key);
    running = [startRaise({ clock, raise: again, look, standDown, changed }, press), ...running];
    changed();
  }

  /** In the name of whoever raised these nothing is done or shown any more. @param {import("./panic.js").Raise[]} those */
  function drop(those) {
    those.forEach((each) => each.abandon());
    running = running.filter((each) => !those.includes(each));
    store.set({ chosen: NOTHING_CHOSEN });
    changed();
  }

  return {
    /** Whoever raised signs out: only what Streha may not know yet is stayed with. */
    leave() {
      drop(running.filter((each) => !isUnsent(each.now())));
    },
    /** @param {Channel} channel @param {Status} status @param {string} [what] happens, where it is no panic */
    start(channel, status, what = "") {
      begin({ key: newKey(), channel, status, what }, true);
    },
    /** Hand on what is known of alerts, and stay with one's own that nobody has accepted yet. */
    see() {
      const { alerts, facts } = store.get();
      if (!facts) return;
      if (person && person !== facts.me.id) drop(running);
      person = facts.me.id;
      for (const each of alerts) {
        running.forEach((raise) => raise.see(each));
        const waiting = isOpen(each) && knownOf(each) !== "accepted";
        if (!waiting || !isMine(each, facts.me.id) || stayedWith.has(each.id)) continue;
        const channel = { compartment: each.compartment, codename: each.codename };
        const status = isDrill(each) ? "Exercise" : "Actual";
        if (running.map((raise) => raise.now()).some((one) => mayBePartOf(one, channel, status))) continue;
        begin({ key: each.id, channel, status, alert: each }, each.raised_by === facts.me.id);
      }
    },
    /** @param {string} key */
    stop(key) {
      const stopped = running.find((each) => each.now().key === key);
      if (!stopped) return;
      const { channel, status } = stopped.now();
      for (const each of running.filter((one) => one === stopped || mayBePartOf(one.now(), channel, status))) each.stop();
    },
    /** Take what is over out of sight. @param {string} key */
    dismiss(key) {
      running = running.filter((each) => each.now().key !== key || isGuarded(each.now()));
      changed();
    },
    kick() {
      running.forEach((each) => each.kick());
    },
    guarded: () => running.some((each) => isGuarded(each.now())),
    unsent: () => running.some((each) => isUnsent(each.now())),
  };
}

/** What tells one alert from another, also before an answer. @param {Progress} progress */
function alertOf({ key, alert }) {
  return alert?.id ?? key;
}

/** @param {Progress} progress */
function staysWith({ alert, stop }) {
  return alert !== null && stop === "";
}

/**
 * Whether a raise whose answer is not here yet may have become part of what is open there.
 * @param {Progress} one
 * @param {Channel} channel
 * @param {Status} status
 */
function mayBePartOf(one, channel, status) {
  return one.alert === null && one.channel.compartment === channel.compartment && one.status === status;
}
