/** Locks and unlocks bundles in a worker, so that the page does not stand still meanwhile. */
import { Refused } from "../vault/failures.js";

/** @typedef {import("../vault/bundle.js").Keys} Keys */
/** @typedef {import("../vault/bundle.js").Owner} Owner */
/** @typedef {import("../vault/bundle.js").Opening} Opening */
/** @typedef {typeof locksmith} Locksmith */

const PROGRAM = "/console/records/stretching.js";
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
    worker.onmessage = ({ data }) => {
      if (data.ready) return worker.postMessage({ does, given });
      worker.terminate();
      if (data.refused) reject(new Refused(data.refused));
      else resolve(data.result);
    };
    worker.onerror = () => {
      worker.terminate();
      reject(new Refused("too-hard-to-open"));
    };
  });
}

export const locksmith = {
  /** @param {Keys} keys @param {Owner} whose @param {Opening} opening @returns {Promise<Uint8Array>} */
  lock: (keys, whose, opening) => ask("lock", { keys, whose, opening }),
  /** @param {Uint8Array} bundle @param {Owner} whose @param {Opening} opening @returns {Promise<Keys>} */
  unlock: (bundle, whose, opening) => ask("unlock", { bundle, whose, opening }),
};
