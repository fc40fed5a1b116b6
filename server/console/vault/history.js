/** The keys of versions that are past, granted to one member who was not there, as in `crypto/vault/history.py`. */
import { KEY_BYTES } from "./aead.js";
import { ID_BYTES, joined, mustHave, NETWORK_BYTES, order, same } from "./bytes.js";
import { require } from "./failures.js";
import { HISTORY_PLACE } from "./labels.js";
import * as sealedBox from "./sealed_box.js";

/** @typedef {{ network: Uint8Array, compartment: Uint8Array, member: Uint8Array }} Whose */
/** @typedef {{ version: Uint8Array, key: Uint8Array }} VersionKey */

const MOST_VERSIONS = 900;
const ITEM_BYTES = ID_BYTES + KEY_BYTES;

/** @param {VersionKey[]} keys @param {Whose} whose @param {Uint8Array} memberKey @returns {Uint8Array} */
export function grant(keys, whose, memberKey) {
  require(keys.length > 0 && keys.length <= MOST_VERSIONS, "not-whole");
  require(keys.every(({ version, key }) => version.length === ID_BYTES && key.length === KEY_BYTES), "not-whole");
  const ascending = [...keys].sort((one, other) => order(one.version, other.version));
  const items = ascending.flatMap(({ version, key }) => [version, key]);
  return sealedBox.seal(memberKey, joined(placeOf(whose, memberKey), ...items));
}

/** @param {Uint8Array} secret @param {Uint8Array} sealed @param {Whose} whose @returns {VersionKey[]} */
export function accept(secret, sealed, whose) {
  const page = sealedBox.open(secret, sealed);
  const place = placeOf(whose, sealedBox.publicKey(secret));
  require(same(page.subarray(0, place.length), place), "of-another-place");
  const items = page.subarray(place.length);
  const count = items.length / ITEM_BYTES;
  require(count > 0 && Number.isInteger(count) && count <= MOST_VERSIONS, "not-whole");
  const found = Array.from({ length: count }, (_, nth) => {
    const item = items.slice(nth * ITEM_BYTES, (nth + 1) * ITEM_BYTES);
    return { version: item.slice(0, ID_BYTES), key: item.slice(ID_BYTES) };
  });
  const ascends = found.every(
    ({ version }, nth) => nth === 0 || order(/** @type {VersionKey} */ (found[nth - 1]).version, version) < 0,
  );
  require(ascends, "not-whole");
  return found;
}

/** @param {Whose} whose @param {Uint8Array} memberKey @returns {Uint8Array} */
function placeOf({ network, compartment, member }, memberKey) {
  mustHave(network, NETWORK_BYTES);
  mustHave(compartment, ID_BYTES);
  mustHave(member, ID_BYTES);
  return joined(HISTORY_PLACE, network, compartment, member, memberKey);
}
