/** Locks and unlocks bundles in a worker, so that the page does not stand still meanwhile. */
import { Refused } from "../vault/failures.js";

/** @typedef {import("../vault/bundle.js").Keys} Keys */
/** @typedef {import("../vault/bundle.js").Owner} Owner */
/** @typedef {import("../vault/bundle.js").Opening} Opening */
/** @typedef {typeof locksmith} Locksmith */

const PROGRAM = "/console/records/stretching.js";
/** Stretching takes seconds even on a slow phone. A worker that says nothing for so long never will. */
export const PATIENCE_MS = 60_000;
/** The page's policy lets nothing but this one address become a program. */
const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("streha-worker", {
  createScriptURL: (/** @type {string} */ address) => {
    if (address !== PROGRAM) throw new TypeError("no program of Streha");
    return address;
  },
});

/** @param {"lock" | "unlock"} does @param {object} given @returns {Promise<any>} */
function ask(does, given) {
  const worker = new Worker(policy?.createScriptURL(PROGRAM) ?? PROGRAM, { type: "module" });
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(waiting);
      worker.terminate();
    };
    const fail = () => {
      end();
      reject(new Refused("too-hard-to-open"));
    };
    const waiting = setTimeout(fail, PATIENCE_MS);
    worker.onmessage = ({ data }) => {
      if (data.ready) return worker.postMessage({ does, given });
      end();
      if (data.refused) reject(new Refused(data.refused));
      else resolve(data.result);
    };
    worker.onerror = fail;
    // What a worker says that cannot be read here is no answer either.
    worker.onmessageerror = fail;
  });
}

export const locksmith = {
  /** @param {Keys} keys @param {Owner} whose @param {Opening} opening @returns {Promise<Uint8Array>} */
  lock: (keys, whose, opening) => ask("lock", { keys, whose, opening }),
  /** @param {Uint8Array} bundle @param {Owner} whose @param {Opening} opening @returns {Promise<Keys>} */
  unlock: (bundle, whose, opening) => ask("unlock", { bundle, whose, opening }),
};
