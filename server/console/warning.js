/**
 * When to warn aloud that this console cannot call anybody: once it has been cut off for a while, and once its session
 * has ended. It goes on until somebody touches the page or all is well again; after a while as a rare tone.
 */

export const CUT_OFF_MS = 60_000;
export const WARNING_MS = 5 * 60_000;

/** @param {{ clock: import("./types.js").Clock, sound: import("./sound.js").Sound }} means */
export function createWarning({ clock, sound }) {
  let callOff = () => {};

  function begin() {
    sound.warn(true);
    callOff = clock.after(WARNING_MS, sound.warnRarely);
  }

  function end() {
    callOff();
    sound.warn(false);
  }

  return {
    /** How the connection is now. @param {import("./types.js").Liveness} state */
    heed(state) {
      end();
      if (state === "lost") callOff = clock.after(CUT_OFF_MS, begin);
    },
    /** The session is over; `unasked` where nobody here wanted it. @param {boolean} unasked */
    over(unasked) {
      end();
      if (unasked) begin();
    },
  };
}
