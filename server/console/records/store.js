/** The one state that the views of this page are drawn from. */
import { createContext, useContext, useLayoutEffect, useReducer } from "../vendor/preact.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {ReturnType<typeof createStore>} Store */
/** @typedef {{ store: Store, keeping: import("./keeping.js").Keeping, offers: import("./offers.js").Offers, binding: import("./binding.js").Binding, proving: import("./proving.js").Proving, past: import("./looking_back.js").LookingBack, joining: import("./joining.js").Joining, entering: import("./entering_with_keys.js").Entering, forms: () => Promise<import("./forms.js").Forms | null>, ways: () => Promise<import("../types.js").Operation[]>, speak: (language: string) => Promise<boolean> }} Parts */

export const PartsContext = createContext(/** @type {Parts | null} */ (null));

/** @param {State} first */
export function createStore(first) {
  let state = first;
  /** @type {Set<() => void>} */
  const followers = new Set();
  return {
    get: () => state,
    /** @param {Partial<State>} patch */
    set(patch) {
      state = { ...state, ...patch };
      for (const tell of [...followers]) tell();
    },
    /** @param {() => void} tell @returns {() => void} */
    follow(tell) {
      followers.add(tell);
      return () => followers.delete(tell);
    },
  };
}

/** @returns {Parts} */
export function useParts() {
  return /** @type {Parts} */ (useContext(PartsContext));
}

/** @returns {State} */
export function useShown() {
  const { store } = useParts();
  const [, redraw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  useLayoutEffect(() => store.follow(() => redraw(undefined)), [store]);
  return store.get();
}
