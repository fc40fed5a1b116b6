/**
 * When keys are locked away by themselves: after fifteen minutes without a hand, and when the page was out of sight for
 * five. Timers stand still while a machine sleeps, so the wall clock is asked too, before anything else: whenever the
 * page comes back, and at the first touch of a hand.
 */

/** @typedef {ReturnType<typeof createGuard>} Guard */

export const UNUSED_MS = 15 * 60_000;
export const OUT_OF_SIGHT_MS = 5 * 60_000;
/** As far as clocks are put right by themselves. Who puts one back further hides how long nobody was here. */
const PUT_BACK_MS = 60_000;

/**
 * @param {import("../types.js").Clock} clock
 * @param {() => void} lock
 */
export function createGuard(clock, lock) {
  let keeps = false;
  let usedAt = 0;
  /** @type {number | null} */
  let hiddenAt = null;
  let callOff = () => {};
  let callOffSight = () => {};

  function isDue() {
    const now = clock.now();
    const isOver = (/** @type {number} */ since, /** @type {number} */ most) => now - since >= most || now < since - PUT_BACK_MS;
    return isOver(usedAt, UNUSED_MS) || (hiddenAt !== null && isOver(hiddenAt, OUT_OF_SIGHT_MS));
  }

  /** The page may have slept. @returns {boolean} whether the keys are still there */
  function wake() {
    if (keeps && isDue()) lock();
    return keeps;
  }

  /** A hand was here. */
  function used() {
    if (!wake()) return;
    callOff();
    usedAt = clock.now();
    callOff = clock.after(UNUSED_MS, lock);
  }

  return {
    used,
    wake,
    /** There are keys to keep from now on. */
    begin() {
      [keeps, usedAt] = [true, clock.now()];
      if (hiddenAt !== null) hiddenAt = usedAt;
      used();
    },
    /** There are none any more. */
    end() {
      keeps = false;
      callOff();
    },
    /** @param {boolean} visible */
    sight(visible) {
      wake();
      callOffSight();
      hiddenAt = visible ? null : clock.now();
      if (!visible) callOffSight = clock.after(OUT_OF_SIGHT_MS, lock);
    },
  };
}
