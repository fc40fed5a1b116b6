/**
 * Unlocking a person's keys in this browser: the bundle from the server, the device's secret from memory, the passphrase
 * from the person. Whose keys they must be, the verified directory says.
 *
 * What came by a link is used once: the first unlocking makes a secret of this browser's own, and takes the bundle that
 * was handed over from the server. So a link that somebody finds later opens nothing.
 */
import { DEVICE } from "../vault/bundle.js";
import { hex } from "../vault/bytes.js";
import { require } from "../vault/failures.js";
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
 * @returns {Promise<Keys>}
 */
export async function unlocked({ api, memory, locksmith, random }, pairing, network, passphrase) {
  const whose = ownerOf(network, pairing.person);
  const opening = { kind: DEVICE, passphrase: plain(passphrase), deviceSecret: pairing.secret };
  const keys = await locksmith.unlock(await api.bundle(pairing.bundle), whose, opening);
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

/** Where JavaScript lets anything be wiped: not in what it has copied itself. @param {Keys} keys */
export function wipe({ seed, secret }) {
  for (const each of [seed, secret]) each.fill(0);
}

/** @param {Network} network @param {Uint8Array} person @returns {Owner} */
function ownerOf(network, person) {
  const member = network.now.people.get(hex(person));
  require(member !== undefined, "not-of-the-network");
  return { network: network.id, person, signingKey: idBytes(member.signingKey), boxKey: idBytes(member.boxKey) };
}
