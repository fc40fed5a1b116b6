/** What all views share: the console they act through, and views that are drawn again only for other properties. */
import { useSelected } from "./store.js";
import { Component, createContext, h, useContext } from "./vendor/preact.js";

/**
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Console} Console
 */

export const ConsoleContext = createContext(/** @type {Console | null} */ (null));

/** @returns {Console} */
export function useConsole() {
  return /** @type {Console} */ (useContext(ConsoleContext));
}

/**
 * Draw with a part of the state.
 * @template T
 * @param {(state: State) => T} select
 * @returns {T}
 */
export function useShown(select) {
  return useSelected(useConsole().store, select);
}

/**
 * Return a view that is drawn again only when one of its properties is another.
 * @template {object} P
 * @param {(props: P) => import("preact").ComponentChild} view
 * @returns {import("preact").ComponentType<P>}
 */
export function memo(view) {
  return class extends Component {
    /** @override @param {any} next */
    shouldComponentUpdate(next) {
      const before = /** @type {any} */ (this.props);
      const keys = Object.keys(next);
      return keys.length !== Object.keys(before).length || keys.some((key) => !Object.is(before[key], next[key]));
    }

    /** @override @param {any} props */
    render(props) {
      return h(view, props);
    }
  };
}
