/** Every raise of this person that is under way here, whatever screen is shown and whether or not anybody listens. */
import { isDrill, isMine, isOpen, knownOf } from "./alert_facts.js";
import { isGuarded, startRaise } from "./panic.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Channel} Channel
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
    for (const { alert } of running.map((each) => each.now())) if (alert) stayedWith.add(alert.id);
    store.set({ raises: running.map((each) => each.now()) });
  }

  /** @param {{ key: string, channel: Channel, status: Status, alert?: Alert }} what @param {boolean} repeats */
  function begin(what, repeats) {
    const { raise, look, standDown } = knowledge;
    const again = repeats ? raise : () => look(what.key);
    running = [startRaise({ clock, raise: again, look, standDown, changed }, what), ...running];
    changed();
  }

  function abandon() {
    running.forEach((each) => each.abandon());
    running = [];
    changed();
  }

  return {
    /** @param {Channel} channel @param {Status} status */
    start(channel, status) {
      begin({ key: newKey(), channel, status }, true);
    },
    /** Hand on what is known of alerts, and stay with one's own that nobody has accepted yet. */
    see() {
      const { alerts, facts, pressed } = store.get();
      if (!facts) return;
      if (person && person !== facts.me.id) abandon();
      person = facts.me.id;
      for (const each of alerts) {
        running.forEach((raise) => raise.see(each));
        const waiting = isOpen(each) && knownOf(each) !== "accepted";
        if (!waiting || !isMine(each, facts.me.id, pressed) || stayedWith.has(each.id)) continue;
        const channel = { compartment: each.compartment, codename: each.codename };
        const status = isDrill(each) ? "Exercise" : "Actual";
        // A raise in the same channel whose answer is not here yet is part of this alert.
        if (running.map((raise) => raise.now()).some((one) => isSameScope(one, channel, status))) continue;
        begin({ key: each.id, channel, status, alert: each }, each.raised_by === facts.me.id);
      }
    },
    /** @param {string} key */
    stop(key) {
      running.find((each) => each.now().key === key)?.stop();
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
  };
}

/** @param {import("./panic.js").Progress} one @param {Channel} channel @param {Status} status */
function isSameScope(one, channel, status) {
  return one.channel.compartment === channel.compartment && one.status === status;
}
