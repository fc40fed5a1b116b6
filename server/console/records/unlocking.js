/**
 * Unlocking a person's keys in this browser: the bundle from the server, the device's secret from memory or what
 * a passkey gives, the passphrase from the person. Whose keys they must be, the verified directory says.
 *
 * What came by a link is used once: the first unlocking makes a secret of this browser's own, and takes the bundle that
 * was handed over from the server. So a link that somebody finds later opens nothing.
 */
import { Failure } from "../api.js";
import { DEVICE, PASSKEY } from "../vault/bundle.js";
import { hex } from "../vault/bytes.js";
import { Refused, require } from "../vault/failures.js";
import { NoSecret, passkeySecret } from "../vault/passkey_secret.js";
import { plain } from "../vault/passphrase.js";
import { idBytes, newId } from "./coding.js";

/** @typedef {import("../vault/bundle.js").Keys} Keys */
/** @typedef {import("../vault/bundle.js").Owner} Owner */
/** @typedef {import("../vault/network.js").Network} Network */
/** @typedef {import("./handover.js").Pairing} Pairing */

/**
 * @param {object} means
 * @param {import("./vault_api.js").VaultApi} means.api
 * @param {import("./memory.js").Memory} means.memory
 * @param {import("./locksmith.js").Locksmith} means.locksmith
 * @param {(length: number) => Uint8Array} means.random
 * @param {Pairing} pairing
 * @param {Network} network
 * @param {string} passphrase
 * @param {Uint8Array} secret what completes the passphrase (`secretOf`); it is worth nothing afterwards
 * @returns {Promise<Keys>}
 */
export async function unlocked({ api, memory, locksmith, random }, pairing, network, passphrase, secret) {
  const whose = ownerOf(network, pairing.person);
  const opening = { kind: pairing.credential ? PASSKEY : DEVICE, passphrase: plain(passphrase), deviceSecret: secret };
  const bundle = await bundleOf(api, pairing.bundle);
  if (!bundle) throw new Refused("no-bundle");
  const keys = await locksmith.unlock(bundle, whose, opening).finally(() => secret.fill(0));
  if (pairing.handedOver) {
    const own = { ...pairing, bundle: newId(), secret: random(32), handedOver: false };
    const bundle = await locksmith.lock(keys, whose, { ...opening, deviceSecret: own.secret });
    await api.putBundle(own.bundle, DEVICE, bundle);
    await memory.pair(own);
    // Where this does not get through, the bundle that was handed over stays in the person's list.
    await api.deleteBundle(pairing.bundle).catch(() => null);
  }
  return keys;
}

/**
 * What completes the passphrase: the secret that this browser keeps, or what the passkey gives to which its keys are bound.
 * Ask before anything else: a browser shows its question about a passkey only just after somebody's own click.
 * @param {Pairing} pairing
 * @returns {Promise<Uint8Array>}
 */
export async function secretOf({ secret, credential }) {
  return credential ? await asked(() => passkeySecret(credential)) : secret;
}

/** Ask a passkey, and say in a word why it gave nothing. @template T @param {() => Promise<T>} ask @returns {Promise<T>} */
export async function asked(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof NoSecret) throw new Refused("no-passkey-secret");
    if (!(error instanceof DOMException)) throw error;
    throw new Refused(error.name === "InvalidStateError" ? "passkey-there" : "no-passkey");
  }
}

/** @param {import("./vault_api.js").VaultApi} api @param {Uint8Array} id @returns {Promise<Uint8Array | null>} nothing where the server has none */
export async function bundleOf(api, id) {
  try {
    return await api.bundle(id);
  } catch (error) {
    if (error instanceof Failure && error.status === 404) return null;
    throw error;
  }
}

/** Where JavaScript lets anything be wiped: not in what it has copied itself. @param {Keys} keys */
export function wipe({ seed, secret }) {
  for (const each of [seed, secret]) each.fill(0);
}

/** @param {Network} network @param {Uint8Array} person @returns {Owner} */
export function ownerOf(network, person) {
  const member = network.now.people.get(hex(person));
  require(member !== undefined, "not-of-the-network");
  return { network: network.id, person, signingKey: idBytes(member.signingKey), boxKey: idBytes(member.boxKey) };
}
