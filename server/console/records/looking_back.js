/** What is done with the past of a record while keys are unlocked: versions are opened, and taken out for a court. */
import { Refused, require } from "../vault/failures.js";
import { LONGEST_REASON, MOST_VERSIONS, packed, reasonOf, statementsOf } from "./exporting.js";
import { fetched } from "./past.js";

/** @typedef {import("../vault/records.js").Version} Version */
/** @typedef {import("./state.js").Shown} Shown */
/** @typedef {ReturnType<typeof createLookingBack>} LookingBack */

/**
 * @param {Pick<import("./state.js").Means, "api" | "clock" | "memory">} means
 * @param {import("./store.js").Store} store
 * @param {Pick<import("./keeping.js").Keeping, "doing" | "read" | "mustBeOpen">} keeping
 */
export function createLookingBack({ api, clock, memory }, store, { doing, read, mustBeOpen }) {
  /** @param {Shown} shown @param {Version} version */
  function fetch({ compartment, epochKey }, version) {
    const { keys, person, own } = mustBeOpen();
    return fetched({ api, compartment, epochKey, whose: { secret: keys.secret, person, own } }, version);
  }

  return {
    /** Show what is not shown yet of some versions; each that is refused says so by itself. @param {Version[]} versions */
    open: (versions) => doing("opening", async () => {
      for (const version of versions) {
        const { shown } = store.get();
        if (!shown || shown.opened.get(version.hash)?.refused === "") continue;
        const found = await opened(shown, version);
        // Locked meanwhile: nothing of it is shown.
        mustBeOpen();
        store.set({ shown: { ...shown, opened: new Map([...shown.opened, [version.hash, found]]) } });
      }
    }),

    /** @param {Version[]} versions @param {string} typed why @returns {Promise<Uint8Array | null>} the package, once the server has written down that it is made */
    async takeOut(versions, typed) {
      /** @type {Uint8Array | null} */
      let made = null;
      await doing("opening", async () => {
        const { shown: before } = store.get();
        if (!before) return;
        const reason = reasonOf(typed);
        require(reason !== "" && [...reason].length <= LONGEST_REASON && versions.length > 0 && versions.length <= MOST_VERSIONS, "not-whole");
        const shown = await read(before.channel);
        const chosen = [];
        for (const each of versions) chosen.push(await fetch(shown, each));
        const logs = await statementsOf(shown.compartment, memory);
        // In the ledger before anything leaves the machine.
        await api.tellExport(shown.compartment.id, chosen.map(({ version }) => version.deed.version));
        const { keys, person } = mustBeOpen();
        made = packed(shown.compartment, logs, chosen, reason, { seed: keys.seed, person, at: Math.floor(clock.now() / 1000) });
      });
      return made;
    },
  };

  /** @param {Shown} shown @param {Version} version @returns {Promise<import("./opening.js").Opened>} */
  async function opened(shown, version) {
    try {
      const { text } = await fetch(shown, version);
      return text === null ? { version, text: "", refused: "no-text" } : { version, text, refused: "" };
    } catch (error) {
      if (!(error instanceof Refused) || error.outcome === "locked") throw error;
      return { version, text: "", refused: error.outcome };
    }
  }
}
