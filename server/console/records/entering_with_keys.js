/**
 * Signing in on this page with the keys that the browser keeps and their passphrase: for whoever has no other machine. Whose
 * the keys must be is what the directory said when it was verified here last; then all goes on as when they are unlocked.
 */
import { DEVICE } from "../vault/bundle.js";
import { Refused, require } from "../vault/failures.js";
import { plain } from "../vault/passphrase.js";
import { uuid } from "./coding.js";
import { recalled } from "./recalling.js";
import { requireNobodyElse, signedIn } from "./signing_in.js";
import { bundleOf, ownerOf, wipe } from "./unlocking.js";

/** @typedef {ReturnType<typeof createEntering>} Entering */

/**
 * @param {import("./state.js").Means & { origin: string }} means `origin` is this page's
 * @param {import("./store.js").Store} store
 * @param {import("./keeping.js").Keeping} keeping
 */
export function createEntering({ api, memory, locksmith, origin }, store, keeping) {
  return {
    /** @param {string} passphrase */
    async enter(passphrase) {
      let entered = false;
      await keeping.doing("unlocking", async () => {
        const pairing = await memory.pairing();
        // Keys that are bound to a passkey sign in with that, on the board.
        require(pairing !== undefined && !pairing.credential, "overtaken");
        require(!pairing.handedOver, "never-opened");
        const network = await recalled(memory, pairing.network);
        if (!network) throw new Refused("never-opened");
        await requireNobodyElse(api, uuid(pairing.person));
        const bundle = await bundleOf(api, pairing.bundle);
        if (!bundle) throw new Refused("no-bundle");
        const opening = { kind: DEVICE, passphrase: plain(passphrase), deviceSecret: pairing.secret };
        const keys = await locksmith.unlock(bundle, ownerOf(network, pairing.person), opening).catch((error) => {
          throw error instanceof Refused && error.outcome === "seal-broken" ? new Refused("wrong-passphrase") : error;
        });
        try {
          require(await signedIn(api, keys.seed, pairing.person, origin), "keys-refused");
        } finally {
          wipe(keys);
        }
        store.set({ stage: "locked" });
        entered = true;
      });
      if (entered) await keeping.unlock(passphrase);
    },
  };
}
