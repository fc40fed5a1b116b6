/**
 * Stays with one raise until a named person has accepted: the same key again and again, a look in between, and only
 * what is really known told. No error ends it. Words, views and the network are others'.
 *
 * What is known: *raising* (no answer yet), *not_raised*, *stored*, *delivered*, *out_of_sight* (raised, but Streha
 * does not answer now), *accepted*, *ended*. How the raiser's own "stop" goes is told beside it.
 */
import { knownOf } from "./alert_facts.js";
import { Failure } from "./api.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Channel} Channel
 * @typedef {import("./types.js").Progress} Progress
 * @typedef {import("./types.js").Status} Status
 * @typedef {ReturnType<typeof startRaise>} Raise
 */

export const REPEAT_MS = 15_000;
export const LOOK_MS = 3_000;
export const SLOW_MS = 4_000;
const CHECK_MS = 5_000;

/**
 * @param {import("./types.js").RaiseMeans} means
 * @param {{ key: string, channel: Channel, status: Status, what?: string, alert?: Alert | null }} press `alert`, where it
 *   is raised already and only to be stayed with; `what` happens, where it is no panic.
 */
export function startRaise({ clock, raise, look, standDown, changed }, { key, channel, status, what, alert = null }) {
  /** @type {Progress} */
  let progress = {
    key, channel, status, alert, known: alert ? knownOf(alert) : "raising", failure: null, slow: false, stop: "", refusal: null,
  };
  let trying = false;
  let triedAt = clock.now();
  let lookedInVain = false;
  let abandoned = false;
  let callOffRepeat = () => {};
  let callOffLook = () => {};
  const callOffSlow = clock.after(SLOW_MS, () => tell({ slow: true }));

  /** @param {Partial<Progress>} news */
  function tell(news) {
    progress = { ...progress, ...news };
    changed(progress);
  }

  /** @param {Alert} seen */
  function learn(seen) {
    callOffSlow();
    const settled = isSettled(progress);
    tell({ alert: seen, known: knownOf(seen), failure: null });
    if (isSettled(progress)) rest();
    // Somebody pressed anew: it is open again.
    else if (settled && progress.stop === "") goOn();
  }

  /** @param {Failure} failure */
  function fail(failure) {
    if (isSettled(progress)) return;
    callOffSlow();
    tell({ failure, known: progress.alert ? "out_of_sight" : "not_raised" });
  }

  function rest() {
    callOffRepeat();
    callOffLook();
  }

  function goOn() {
    callOffRepeat();
    if (!abandoned && !isSettled(progress)) callOffRepeat = clock.after(REPEAT_MS, repeat);
    lookLater();
  }

  async function repeat() {
    rest();
    if (abandoned) return;
    callOffRepeat = clock.after(REPEAT_MS, repeat);
    if (trying) return;
    trying = true;
    triedAt = clock.now();
    try {
      learn(await raise(key, channel.compartment, status, what));
    } catch (error) {
      fail(failureOf(error));
    }
    trying = false;
    if (progress.stop === "asked") void passOn();
    else lookLater();
  }

  function lookLater() {
    callOffLook();
    if (!abandoned && !isSettled(progress) && progress.stop === "") callOffLook = clock.after(LOOK_MS, lookAgain);
  }

  async function lookAgain() {
    if (progress.alert) {
      try {
        learn(await look(progress.alert.id));
      } catch {
        // The next repetition says what is wrong.
      }
    }
    lookLater();
  }

  /** Tell Streha that it is over; without an answer, again and again. */
  async function passOn() {
    callOffRepeat();
    if (abandoned) return;
    try {
      const reason = status === "Exercise" ? "drill_over" : "safe";
      const seen = await standDown(progress.alert?.id ?? key, reason);
      tell({ alert: seen, known: knownOf(seen), failure: null, stop: "passed_on" });
    } catch (error) {
      if (abandoned) return;
      const failure = failureOf(error);
      if (failure.status === 404 && !progress.alert) {
        // A raise whose answer was lost may be stored a moment later.
        if (lookedInVain) return tell({ stop: "never_stored", failure: null });
        lookedInVain = true;
        callOffRepeat = clock.after(CHECK_MS, passOn);
        return;
      }
      if ([400, 404, 409].includes(failure.status)) {
        // The stop was refused: whoever asked for it is told, and stayed with as before.
        tell({ stop: "", failure: null, refusal: failure });
        return goOn();
      }
      tell({ failure });
      callOffRepeat = clock.after(REPEAT_MS, passOn);
    }
  }

  void repeat();
  return {
    now: () => progress,
    /** Learn from what came another way: the live stream, the board. @param {Alert} seen */
    see(seen) {
      if (seen.id !== (progress.alert?.id ?? key) || seen === progress.alert) return;
      learn(seen);
      if (progress.stop === "never_stored") {
        tell({ stop: "asked" });
        void passOn();
      }
    },
    /** The machine woke up or has a network again. */
    kick() {
      const due = clock.now() - triedAt > LOOK_MS;
      if (isGuarded(progress) && progress.stop === "" && due) void repeat();
    },
    /** Somebody else sits here now: nothing is done any more in the name of whoever raised it. */
    abandon() {
      abandoned = true;
      rest();
      callOffSlow();
    },
    /** The raiser says that it is over. */
    stop() {
      if (progress.stop === "passed_on" || progress.stop === "asked") return;
      rest();
      callOffSlow();
      tell({ stop: "asked", failure: null, refusal: null });
      if (!trying) void passOn();
    },
  };
}

/** Whether nothing is left to repeat. @param {Progress} progress */
export function isSettled(progress) {
  return progress.known === "accepted" || progress.known === "ended";
}

/** Whether Streha may not know of a press, or of its end, but from here. @param {Progress} progress */
export function isUnsent(progress) {
  return progress.stop === "" ? !progress.alert : progress.stop === "asked";
}

/** Whether closing the page now would leave somebody uncalled or uncertain. @param {Progress} progress */
export function isGuarded(progress) {
  return progress.stop === "" ? !isSettled(progress) : progress.stop === "asked";
}

/** @param {unknown} error */
function failureOf(error) {
  return error instanceof Failure ? error : new Failure("garbled");
}
