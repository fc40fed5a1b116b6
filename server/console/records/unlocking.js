/**
 * Unlocking a person's keys in this browser: the bundle from the server, the device's secret from memory or what
 * a passkey gives, the passphrase from the person. Whose keys they must be, the verified directory says.
 *
 * What came by a link is used once: the first unlocking makes a secret of this browser's own, and takes the bundle that
 * was handed over from the server, then or, where that does not get through, at a later unlocking. So a link that somebody
 * finds later opens nothing.
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
export async function unlocked(means, pairing, network, passphrase, secret) {
  const { api, memory, locksmith, random } = means;
  const whose = ownerOf(network, pairing.person);
  const opening = { kind: pairing.credential ? PASSKEY : DEVICE, passphrase: plain(passphrase), deviceSecret: secret };
  const keys = await openedBy(means, pairing, whose, opening).catch(async (error) => {
    if (!pairing.before || !(error instanceof Refused)) throw error;
    return await openedAsBefore(means, pairing.before, whose, opening.passphrase, error);
  });
  const { before, owed = [], ...rest } = pairing;
  if (!rest.handedOver) {
    // Nobody waits for it.
    void settle(api, memory, pairing);
    return keys;
  }
  const own = { ...rest, bundle: newId(), secret: random(32), handedOver: false };
  await api.putBundle(own.bundle, DEVICE, await locksmith.lock(keys, whose, { ...opening, deviceSecret: own.secret }));
  // What a passkey opens goes with the passkey: another browser may have the same one.
  const others = before ? [...(before.owed ?? []), ...(before.credential ? [] : [before.bundle])] : [];
  const settled = { ...own, owed: [...owed, rest.bundle, ...others] };
  await memory.pair(settled);
  await settle(api, memory, settled);
  return keys;
}

/** @param {Pick<import("./state.js").Means, "api" | "locksmith">} means @param {Pairing} pairing @param {Owner} whose @param {import("../vault/bundle.js").Opening} opening @returns {Promise<Keys>} */
async function openedBy({ api, locksmith }, pairing, whose, opening) {
  const bundle = await bundleOf(api, pairing.bundle);
  if (!bundle) throw new Refused("no-bundle");
  return await locksmith.unlock(bundle, whose, opening).finally(() => opening.deviceSecret.fill(0));
}

/**
 * What a link brought opens nothing: somebody else may have made it. What opened the keys before it came takes its place
 * again, and that is told; it is tried first, but where it asks for a passkey.
 * @param {Pick<import("./state.js").Means, "api" | "memory" | "locksmith">} means
 * @param {Pairing} before
 * @param {Owner} whose
 * @param {string} passphrase
 * @param {Refused} why
 * @returns {Promise<never>}
 */
async function openedAsBefore(means, before, whose, passphrase, why) {
  if (!before.credential) {
    const opening = { kind: DEVICE, passphrase, deviceSecret: before.secret.slice() };
    // A mistyped passphrase opens neither: the link stays for another try.
    wipe(await openedBy(means, before, whose, opening).catch(() => {
      throw why;
    }));
  }
  await means.memory.pair(before);
  throw new Refused("link-opens-nothing");
}

/**
 * Have the server delete what nobody needs any more: what it was not heard to have deleted stays in mind, and is asked for again
 * at the next unlocking.
 * @param {Pick<import("./vault_api.js").VaultApi, "deleteBundle">} api
 * @param {Pick<import("./memory.js").Memory, "rebind">} memory
 * @param {Pairing} pairing as it is kept
 */
export async function settle(api, memory, pairing) {
  const { owed = [], ...own } = pairing;
  const deleted = await Promise.all(owed.map((each) => isDeleted(api, each)));
  const left = owed.filter((_, nth) => !deleted[nth]);
  // Where others came meanwhile, or nothing is remembered any more, nothing is put back.
  if (left.length < owed.length) await memory.rebind(pairing, left.length ? { ...own, owed: left } : own).catch(() => {});
}

/** @param {Pick<import("./vault_api.js").VaultApi, "deleteBundle">} api @param {Uint8Array} id @returns {Promise<boolean>} */
async function isDeleted(api, id) {
  try {
    await api.deleteBundle(id);
    return true;
  } catch (error) {
    return error instanceof Failure && error.status === 404;
  }
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

/** What lies at the server for this browser alone; what a passkey opens goes with the passkey, which another may have. @param {Pairing | undefined} pairing @returns {Uint8Array[]} */
export function bundlesOf(pairing) {
  if (!pairing) return [];
  const { before, owed = [], credential, bundle } = pairing;
  return [...(credential ? [] : [bundle]), ...owed, ...bundlesOf(before)];
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
