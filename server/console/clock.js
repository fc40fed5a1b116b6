/** The machine's clock, and the one thing that is put right about it: how far the server's is ahead. */

/** @type {import("./types.js").Clock} */
export const clock = {
  now: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

let ahead = 0;

/**
 * Learn the server's time from an answer that came at this moment.
 * @param {string} at
 */
export function learnServerTime(at) {
  const told = Date.parse(at);
  if (Number.isFinite(told)) ahead = told - clock.now();
}

/** Return the present moment as the server counts it, so that "4 min ago" is right on a machine that is not. */
export function serverNow() {
  return clock.now() + ahead;
}
