/** Lets what is new be heard, as a sound and in words, and keeps in mind what was told already and what was silenced. */
import { NOTHING_HEARD, hear, rings } from "./alarm.js";
import { t } from "./texts.js";
import { eventWords } from "./words.js";

/** @typedef {import("./types.js").Alert} Alert */

/**
 * @param {object} means
 * @param {import("./store.js").Store} means.store
 * @param {import("./sound.js").Sound} means.sound
 * @param {(text: string, urgent: boolean) => void} means.say
 */
export function createHearing({ store, sound, say }) {
  let heard = NOTHING_HEARD;
  /** What of what is no alert somebody has silenced. @type {Set<string>} */
  let hushed = new Set();

  function listen() {
    const { facts, ...state } = store.get();
    if (!facts) return;
    const next = hear(heard, state, facts.me.id);
    heard = next;
    store.set({ ringing: next.ringing, silenced: next.silenced });
    sound.call(next.ringing);
    sound.ring(rings(facts.rung, hushed));
    const alerts = next.fresh.map((each) => t("ALERT, {codename}: {event}.", namesOf(each)));
    const drills = next.freshDrills.map((each) => t("EXERCISE, {codename}: {event}.", namesOf(each)));
    if (alerts.length) say(alerts.join(" "), true);
    if (drills.length) say(drills.join(" "), false);
    if (next.freshDrills.length && !next.ringing) sound.soft();
  }

  return {
    listen,
    silence() {
      store.set({ silenced: new Set(heard.calling.keys()) });
      listen();
    },
    /** @param {readonly string[]} what */
    hush(what) {
      hushed = new Set(what);
      listen();
    },
    /** Nobody, or somebody else, listens here now. */
    forget() {
      heard = NOTHING_HEARD;
      hushed = new Set();
      sound.call(false);
      sound.ring("");
    },
  };
}

/** @param {Alert} alert */
function namesOf(alert) {
  return { codename: alert.codename, event: eventWords(alert.event) };
}
