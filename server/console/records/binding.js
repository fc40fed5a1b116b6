/**
 * Binds the keys of this browser to a passkey of its device (docs/protocol.md, *Bundle*, kind 2): what the passkey gives
 * takes the place of the secret that rests here, and the passphrase stays. The label that a passkey works on is this
 * program's own; a server chooses nothing of it.
 *
 * The old way goes only after what the server keeps has been opened in the new one. Until then nothing has changed.
 */
import { keepPasskey, makePasskey, ownPasskeys } from "../rare/authenticator.js";
import { DEVICE, PASSKEY } from "../vault/bundle.js";
import { hex, same } from "../vault/bytes.js";
import { Refused, require } from "../vault/failures.js";
import { passkeySecretAmong } from "../vault/passkey_secret.js";
import { plain } from "../vault/passphrase.js";
import { fromBase64, idBytes, uuid } from "./coding.js";
import { asked, bundleOf, ownerOf, settle, wipe } from "./unlocking.js";

/** @typedef {{ id: string, credential: Uint8Array<ArrayBuffer> }} Known a passkey by its ids, the server's and the authenticator's own */
/** @typedef {import("./handover.js").Pairing} Pairing */
/** @typedef {ReturnType<typeof createBinding>} Binding */

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * @param {Pick<import("./state.js").Means, "api" | "memory" | "locksmith">} means
 * @param {import("./store.js").Store} store
 * @param {import("./keeping.js").Keeping} keeping
 */
export function createBinding({ api, memory, locksmith }, store, keeping) {
  /** @param {Known[]} passkeys @param {string} passphrase */
  async function bound(passkeys, passphrase) {
    const { person, network: trusted } = keeping.mustBeOpen();
    const before = await memory.pairing();
    require(before !== undefined && !before.credential && same(before.person, person), "overtaken");
    // First: a browser asks about a passkey only just after somebody's own click.
    const { id, credential, secret } = await asked(() => passkeySecretAmong(passkeys));
    const bundle = idBytes(id);
    // Which is whose, the server says: what opens the keys now must not be what goes away afterwards.
    require(!same(bundle, before.bundle), "another-passkey");
    await requireSignedIn(person);
    const network = await keeping.directory();
    require(same(network.id, trusted), "another-network");
    const whose = ownerOf(network, person);
    const old = { kind: DEVICE, passphrase: plain(passphrase), deviceSecret: before.secret };
    const opening = { ...old, kind: PASSKEY, deviceSecret: secret };
    const kept = await bundleOf(api, before.bundle);
    if (!kept) throw new Refused("no-bundle");
    const keys = await locksmith.unlock(kept, whose, old).catch(meaning("wrong-passphrase"));
    try {
      // A browser that has the same passkey, as synced ones are had, may have put it there.
      if (!(await bundleOf(api, bundle))) await api.putBundle(bundle, PASSKEY, await locksmith.lock(keys, whose, opening));
    } finally {
      wipe(keys);
    }
    const given = await bundleOf(api, bundle);
    if (!given) throw new Refused("not-kept");
    wipe(await locksmith.unlock(given, whose, opening).catch(meaning("other-passphrase")));
    secret.fill(0);
    keeping.mustBeOpen();
    const own = { ...before, bundle, credential, secret: new Uint8Array(0), owed: [...(before.owed ?? []), before.bundle] };
    await memory.rebind(before, own);
    await settle(api, memory, own);
    store.set({ done: "bound" });
  }

  /** Passkeys are of whoever is signed in: in another tab that may be somebody else by now. @param {Uint8Array} person */
  async function requireSignedIn(person) {
    require((await api.board()).me.id === uuid(person), "another-person");
  }

  /** A passkey that gives nothing for the records is not even added. */
  async function made() {
    await requireSignedIn(keeping.mustBeOpen().person);
    const { made, unlocks } = await asked(() => makePasskey(api.ask));
    if (!unlocks) {
      await forgotten(made);
      throw new Refused("no-passkey-secret");
    }
    const { credential } = await keepPasskey(api.ask, made);
    require(same(fromBase64(credential) ?? new Uint8Array(0), new Uint8Array(made.rawId)), "another-passkey");
    store.set({ done: "made" });
  }

  return {
    /** @returns {Promise<Known[]>} the person's passkeys, as the server lists them */
    async known() {
      const { passkeys } = await ownPasskeys(api.ask);
      return passkeys.flatMap(({ id, credential }) => {
        const bytes = fromBase64(credential);
        return UUID.test(id) && bytes ? [{ id, credential: Uint8Array.from(bytes) }] : [];
      });
    },
    /** @param {Known[]} passkeys @param {string} passphrase */
    bind: (passkeys, passphrase) => keeping.doing("binding", () => bound(passkeys, passphrase)),
    make: () => keeping.doing("making", made),
    /** @returns {Promise<string>} the number by which the passkey is called that the keys are bound to; empty where they are not */
    async number() {
      const pairing = await memory.pairing();
      return pairing?.credential ? numberOf(pairing.bundle) : "";
    },
  };
}

/** As `number_of` in agencies/passkey_messages.py. @param {Uint8Array} id */
export function numberOf(id) {
  return String(1000n + (BigInt(`0x${hex(id)}`) % 9000n));
}

/** Say of a seal that did not open what that means here. @param {import("../vault/failures.js").Outcome} outcome @returns {(error: unknown) => never} */
function meaning(outcome) {
  return (error) => {
    throw error instanceof Refused && error.outcome === "seal-broken" ? new Refused(outcome) : error;
  };
}

/** Where a browser can, let the device forget a passkey that nobody will ask for. @param {PublicKeyCredential} made */
async function forgotten(made) {
  const signals = /** @type {any} */ (PublicKeyCredential);
  await signals.signalUnknownCredential?.({ rpId: location.hostname, credentialId: made.id }).catch(() => null);
}
