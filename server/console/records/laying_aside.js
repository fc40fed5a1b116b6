/**
 * Which texts are begun in this page: the one that is written now, and others. What is left for a while is kept sealed, and
 * so is what is being typed, every few seconds: whatever ends the page takes no more than these.
 */
import { placed } from "./drafts.js";

/** @typedef {import("./state.js").Draft} Draft */
/** @typedef {import("./state.js").Shown} Shown */

/** How old what was typed grows before it is kept. */
export const TYPED_MS = 3000;

/**
 * @param {import("./store.js").Store} store
 * @param {import("./drafts.js").Drafts} drafts
 * @param {() => Uint8Array | undefined} secretOf whose texts they are, while their keys are there
 * @param {import("../types.js").Clock} clock
 */
export function createLayingAside(store, drafts, secretOf, clock) {
  /** Calls the one timer off, while it runs. @type {(() => void) | null} */
  let callOff = null;

  /** What is being written is sealed and kept; what the browser does not keep is here until the page goes, and that is told. */
  function keep() {
    callOff?.();
    callOff = null;
    const [{ draft }, secret] = [store.get(), secretOf()];
    if (!secret || !draft) return;
    const told = (/** @type {boolean} */ done) => () => {
      // Locked or left meanwhile: its words stay nowhere.
      if (store.get().draft?.id === draft.id) store.set({ laid: { id: draft.id, text: draft.text, done } });
    };
    if (draft.text.trim()) drafts.keep(draft, secret).then(told(true), told(false));
    // Emptied by hand. What was sent may stand in the log and be the only one: that is thrown away by its own button alone.
    else if (!draft.sent.length) {
      store.set({ laid: null });
      drafts.drop(draft.id).catch(() => {});
    }
  }

  /** @param {Draft} draft as it was changed by hand just now */
  function typed(draft) {
    store.set({ draft });
    // From the first change on, not from the last: whoever types without a pause is kept too.
    callOff ??= clock.after(TYPED_MS, keep);
  }

  /** A text is in the log, or was thrown away: nothing of it is kept. @param {Draft} draft */
  async function gone({ id }) {
    const { draft, aside } = store.get();
    store.set({ draft: draft?.id === id ? null : draft, laid: null, aside: aside.filter((each) => each.id !== id) });
    // Where it stays in this browser all the same, it is found in the log when it is there again.
    await drafts.drop(id).catch(() => {});
  }

  /** Go on with one of them. @param {Draft} next */
  function goOn(next) {
    keep();
    const { draft, aside } = store.get();
    const others = [...aside, ...(draft ? [draft] : [])].filter((each) => each.id !== next.id);
    store.set({ draft: next, laid: null, aside: others });
  }

  return {
    keep, gone, goOn, typed,
    /** Of a compartment that was opened: what was read back from there is gone, and the next one is gone on with. @param {Shown} shown */
    async settle(shown) {
      const { draft, aside } = store.get();
      const here = [...(draft ? [draft] : []), ...aside].filter((each) => each.compartment === shown.channel.compartment);
      const stored = here.filter((each) => placed(each, shown) === true);
      for (const each of stored) await gone(each);
      if (stored.length) store.set({ done: "saved" });
      const next = here.find((each) => !stored.includes(each));
      if (next && !store.get().draft) goOn(next);
      const { draft: now } = store.get();
      if (now && placed(now, shown) === "withheld") store.set({ trouble: { outcome: "not-given-back", failure: null } });
    },
  };
}
