/** Who people are, by the names that the verified directory has for them. */
import { standing } from "../vault/circle.js";
import { t } from "../texts.js";

/** @typedef {import("../vault/network.js").Network} Network */

/** @param {Network} network @param {string} person the id in hexadecimal @returns {string} their name and agency */
export function whoWords({ names, agencies, agencyNames }, person) {
  const name = names.get(person);
  if (!name) return t("somebody whose name is not known here");
  return t("{person} ({agency})", { person: name, agency: agencyNames.get(agencies.get(person) ?? "") ?? "" });
}

/**
 * Who is given the keys of what is written now: everybody who is in the circle by then.
 * @param {import("../vault/compartment.js").Compartment} compartment
 * @param {number} at seconds since 1970
 * @returns {string[]} names with agencies
 */
export function readersOf({ circle, network }, at) {
  return [...standing(circle, network.now, at)].map((each) => whoWords(network, each)).sort((one, other) => one.localeCompare(other));
}
