/** The one state that all views are drawn from, and how they follow the part of it that they show. */
import { NO_WAYS } from "./ways.js";
import { useLayoutEffect, useReducer, useRef } from "./vendor/preact.js";

/** @typedef {import("./types.js").State} State */
/** @typedef {ReturnType<typeof createStore>} Store */

/** @type {import("./types.js").Chosen} */
export const NOTHING_CHOSEN = { channel: null, gone: false };

/**
 * @param {string} language
 * @returns {State}
 */
export function firstState(language) {
  return {
    session: "starting",
    why: "",
    failure: null,
    offered: false,
    facts: null,
    calling: { channels: [], police: "", ambulance: "" },
    chosen: NOTHING_CHOSEN,
    alerts: [],
    reviews: [],
    ways: NO_WAYS,
    safeCalls: null,
    asOf: {},
    anewAt: 0,
    live: { state: "connecting", since: 0 },
    heardAt: 0,
    behind: false,
    raises: [],
    silenced: new Set(),
    ringing: false,
    sound: "blocked",
    screen: "board",
    language,
    polite: { text: "", number: 0 },
    urgent: { text: "", number: 0 },
  };
}

/**
 * Return the state of somebody whose session is over: everything that was known is gone, but where an alert can be
 * raised and how far those under way came. A call for help is never refused because a session ended.
 * @param {State} state
 * @param {State["why"]} why
 * @returns {State}
 */
export function emptied(state, why) {
  const { language, sound, screen, raises, calling, chosen } = state;
  return { ...firstState(language), session: "signed_out", why, sound, screen, raises, calling, chosen, ...unsaid(state) };
}

/**
 * Return what takes back what was said aloud: it may name what this person may not know any more.
 * @param {Pick<State, "polite" | "urgent">} state
 * @returns {Pick<State, "polite" | "urgent">}
 */
export function unsaid({ polite, urgent }) {
  return { polite: { text: "", number: polite.number + 1 }, urgent: { text: "", number: urgent.number + 1 } };
}

/** @param {State} first */
export function createStore(first) {
  let state = first;
  /** @type {Set<() => void>} */
  const followers = new Set();
  return {
    get: () => state,
    /**
     * Change parts of the state; whoever follows hears of it at once if anything is different.
     * @param {Partial<State>} patch
     */
    set(patch) {
      const before = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (state));
      if (Object.entries(patch).every(([key, value]) => Object.is(before[key], value))) return;
      state = { ...state, ...patch };
      for (const tell of [...followers]) {
        try {
          tell();
        } catch (error) {
          // Whoever changed the state is not to blame, and the others hear of it all the same.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    },
    /** @param {() => void} tell @returns {() => void} */
    follow(tell) {
      followers.add(tell);
      return () => followers.delete(tell);
    },
  };
}

/**
 * Draw with a part of the state, and again only when that part is another.
 * @template T
 * @param {Store} store
 * @param {(state: State) => T} select
 * @returns {T}
 */
export function useSelected(store, select) {
  const [, redraw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  const selected = select(store.get());
  const shown = useRef({ select, selected });
  shown.current = { select, selected };
  useLayoutEffect(
    () =>
      store.follow(() => {
        if (!Object.is(shown.current.select(store.get()), shown.current.selected)) redraw(undefined);
      }),
    [store],
  );
  return selected;
}
