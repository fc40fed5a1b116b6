/**
 * What `streha console --with-keys` hands to a browser behind the `#` of an address, which is in no request: the code
 * that signs in, and after a dot the network that the person trusts, who they are, which bundle is theirs, and the
 * secret that opens it together with the passphrase.
 *
 *     handover  version 0x01 | network (32) | person (16) | bundle (16) | device's secret (32)
 */
import { fromBase64 } from "./coding.js";

/**
 * How this browser unlocks. Where the keys were bound to a passkey there is its `credential`, and `secret` is empty. `before` is
 * what opened the same person's keys here when a link came: it stays until what the link brought has opened them. `owed` are
 * bundles of the same person that nobody needs any more and that the server was not heard to have deleted.
 * @typedef {{ network: Uint8Array, person: Uint8Array, bundle: Uint8Array, secret: Uint8Array, handedOver: boolean, credential?: Uint8Array<ArrayBuffer>,
 *   before?: Pairing, owed?: Uint8Array[] }} Pairing
 */

const LINK = /^#([A-Za-z0-9_-]{16,})(?:\.([A-Za-z0-9_-]{130}))?$/;
const BYTES = 97;

/** @param {string} hash @returns {{ code: string, pairing: Pairing | null }} nothing of it where the address is no link */
export function handoverOf(hash) {
  const [, code = "", rest] = LINK.exec(hash) ?? [];
  const bytes = rest === undefined ? null : fromBase64(rest.replaceAll("-", "+").replaceAll("_", "/"));
  if (rest === undefined) return { code, pairing: null };
  if (bytes?.length !== BYTES || bytes[0] !== 1) return { code: "", pairing: null };
  const [network, person, bundle, secret] = [[1, 33], [33, 49], [49, 65], [65, 97]].map(([from, to]) => bytes.slice(from, to));
  return { code, pairing: /** @type {Pairing} */ ({ network, person, bundle, secret, handedOver: true }) };
}
