/** Holding a button for one and a half seconds, with whatever holds it; letting go earlier undoes it. */

/** @typedef {import("./types.js").Clock} Clock */
/** @typedef {"holding" | "released" | "done"} Holding */

export const HOLD_MS = 1_500;

/** @param {{ clock: Clock, changed: (holding: Holding) => void }} means */
export function createHold({ clock, changed }) {
  /** @type {(() => void) | null} */
  let callOff = null;
  return {
    press() {
      if (callOff) return;
      callOff = clock.after(HOLD_MS, () => {
        callOff = null;
        changed("done");
      });
      changed("holding");
    },
    release() {
      if (!callOff) return;
      callOff();
      callOff = null;
      changed("released");
    },
  };
}
