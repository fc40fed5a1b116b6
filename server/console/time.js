/**
 * Times on the screen that stay right by themselves: one tick for all of them writes only the words that have become
 * others, and nothing around them is drawn again.
 */
import { serverNow } from "./clock.js";
import { distance, moment } from "./moments.js";
import { html, useLayoutEffect, useReducer, useRef } from "./vendor/preact.js";

const TICK_MS = 5_000;
/** @type {Set<() => void>} */
const shown = new Set();

/** Begin to tick. @param {Document} document */
export function startTicking(document) {
  const tick = () => {
    if (document.visibilityState === "visible") shown.forEach((update) => update());
  };
  setInterval(tick, TICK_MS);
  document.addEventListener("visibilitychange", tick);
}

/**
 * When something was or will be: the time, or with `far` how long ago or how soon.
 * @param {{ at: string | number, far?: boolean }} props
 */
export function Time({ at, far = false }) {
  const element = useRef(/** @type {HTMLTimeElement | null} */ (null));
  const when = typeof at === "number" ? at : Date.parse(at);
  useLayoutEffect(() => {
    let words = "";
    return ticking(() => {
      const next = far ? distance(when, serverNow()) : moment(when, serverNow());
      if (next !== words && element.current) element.current.textContent = words = next;
    });
  }, [when, far]);
  return html`<time ref=${element} datetime=${new Date(when).toISOString()}></time>`;
}

/**
 * Draw with something that depends on the present moment, and again only when it is another.
 * @template T
 * @param {(now: number) => T} select
 * @returns {T}
 */
export function usePresent(select) {
  const [, redraw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  const selected = select(serverNow());
  const drawn = useRef({ select, selected });
  drawn.current = { select, selected };
  useLayoutEffect(
    () =>
      ticking(() => {
        if (!Object.is(drawn.current.select(serverNow()), drawn.current.selected)) redraw(undefined);
      }),
    [],
  );
  return selected;
}

/** @param {() => void} update @returns {() => void} */
function ticking(update) {
  update();
  shown.add(update);
  return () => shown.delete(update);
}
