/** The epochs' keys that were fetched since the unlocking, also of cases that were left since: all go when keys are locked away. */
import { Refused } from "../vault/failures.js";

/** @typedef {import("./epochs.js").EpochKey} EpochKey */

export function createEpochKeys() {
  /** @type {Set<EpochKey>} */
  const all = new Set();
  /** How often they were wiped: what was asked for before comes too late. */
  let wipings = 0;
  return {
    /** @param {Promise<EpochKey | null>} fetched @returns {Promise<EpochKey | null>} */
    async held(fetched) {
      const begun = wipings;
      const found = await fetched;
      if (found && begun !== wipings) {
        found.wipe();
        throw new Refused("locked");
      }
      if (found) all.add(found);
      return found;
    },
    wipe() {
      wipings += 1;
      for (const each of all) each.wipe();
      all.clear();
    },
  };
}
