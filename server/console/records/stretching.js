/**
 * A worker of its own, which locks or unlocks one bundle and ends: stretching a passphrase takes a second and 128 MiB,
 * and neither may be the page's. It asks nobody for anything and keeps nothing.
 */
import * as bundle from "../vault/bundle.js";
import { Refused } from "../vault/failures.js";

addEventListener("message", ({ data: { does, given } }) => {
  try {
    postMessage({ result: does === "lock" ? bundle.lock(given.keys, given.whose, given.opening) : bundle.unlock(given.bundle, given.whose, given.opening) });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    postMessage({ refused: error.outcome });
  }
});
postMessage({ ready: true });
