/** The keys of a compartment's epochs, each from the grant that it was given to oneself with, as in `client/vault/epochs.py`. */
import { Failure } from "../api.js";
import { hex } from "../vault/bytes.js";
import { mayBeErased } from "../vault/circle.js";
import * as epoch from "../vault/epoch.js";
import { Refused, require } from "../vault/failures.js";
import { readEpochGrant } from "../vault/grants.js";
import { publicKey } from "../vault/sealed_box.js";
import * as wrap from "../vault/wrap.js";

/** @typedef {import("../vault/compartment.js").Compartment} Compartment */
/** @typedef {import("./vault_api.js").VaultApi} VaultApi */
/** @typedef {{ number: number, key: Uint8Array, wrapKey: Uint8Array }} OneKey */
/**
 * The number of the newest one, and its key; without one, why it was refused: what older ones opened stays readable.
 * `older` gives the key of any epoch that one was granted; each is asked for once, what did not come `again` after that
 * was called. `wipe` wipes them all.
 * @typedef {{ number: number, newest: OneKey | null, refused: import("../vault/failures.js").Outcome | "",
 *   older: (number: number) => Promise<OneKey>, again: () => void, wipe: () => void }} EpochKey
 */

/**
 * @param {VaultApi} api
 * @param {Compartment} compartment
 * @param {Uint8Array} secret
 * @param {Uint8Array} person
 * @returns {Promise<EpochKey | null>} the key of the newest epoch; nothing where there was none yet
 */
export async function epochKeyOf(api, compartment, secret, person) {
  /** @type {Map<number, Promise<OneKey>>} */
  const known = new Map();
  /** @type {Set<number>} */
  const missed = new Set();
  /** @param {number} number */
  const older = (number) => {
    const fetched = known.get(number) ?? fetchedKey({ api, compartment, secret, person }, number);
    known.set(number, fetched);
    fetched.catch(() => missed.add(number));
    return fetched;
  };
  const again = () => {
    for (const each of missed) known.delete(each);
    missed.clear();
  };
  const wipe = () => {
    // One that comes too late is wiped as well; one that does not come, needs none of it.
    for (const each of known.values()) each.then(({ key, wrapKey }) => [key, wrapKey].forEach((bytes) => bytes.fill(0)), () => null);
  };
  const { epoch: number } = compartment.circle;
  if (!compartment.begun.has(number)) return null;
  try {
    return { number, newest: await older(number), refused: "", older, again, wipe };
  } catch (error) {
    // Whoever was never given it has nothing to read here. What was spoilt or is withheld spoils no other epoch.
    if (!(error instanceof Refused) || error.outcome === "no-epoch") throw error;
    return { number, newest: null, refused: error.outcome, older, again, wipe };
  }
}

/** @param {EpochKey} epochKey @returns {OneKey} what is written now is sealed for */
export function newestOf({ newest, refused }) {
  if (!newest) throw new Refused(refused || "withheld");
  return newest;
}

/**
 * @param {{ api: VaultApi, compartment: Compartment, secret: Uint8Array, person: Uint8Array }} means
 * @param {number} number
 * @returns {Promise<OneKey>}
 */
async function fetchedKey({ api, compartment, secret, person }, number) {
  const { network, id } = compartment;
  const entry = compartment.begun.get(number);
  // Whoever came after it was begun, or came back, has no key of it: nobody has lied to them.
  if (!entry || !wasGranted(compartment, entry, secret, person)) throw new Refused("no-epoch");
  const given = await api.grant(id, number).catch((error) => {
    // An epoch is taken in with the grants of all who are in it or not at all, and no grant is ever taken back.
    const absent = mayBeErased(compartment.circle, Date.now() / 1000) ? "kept-no-longer" : "keys-withheld";
    throw error instanceof Failure && error.status === 404 ? new Refused(absent) : error;
  });
  require(given.epoch === number, "of-another-place");
  const which = { network: network.id, compartment: id, number };
  const sealed = readEpochGrant(given.statement, which.network, entry, number, person);
  const key = epoch.accept(secret, sealed, which, person, /** @type {Uint8Array} */ (entry.particulars.get("promise")));
  return { number, key, wrapKey: wrap.keyForWraps(key) };
}

/**
 * @param {Compartment} compartment
 * @param {import("../vault/log.js").Entry} begun
 * @param {Uint8Array} secret
 * @param {Uint8Array} person
 * @returns {boolean} whether the key of an epoch was sealed to the keys that somebody has: former ones opened former grants
 */
function wasGranted(compartment, begun, secret, person) {
  const circle = compartment.circleAt(begun.head.number);
  const known = compartment.network.at(circle.directorySeen).people.get(hex(person));
  return circle.granted.has(hex(person)) && known?.boxKey === hex(publicKey(secret));
}
