/** The particulars of a deed: just its fields, each as it must be, as in `crypto/vault/deeds.py`. */
import { Refused, require } from "./failures.js";

/** @typedef {import("./value.js").Value} Value */
/** @typedef {(value: Value | undefined) => any} Field what is read of a value, or a refusal */
/** @typedef {Record<string, Field>} Fields */

export const id = bytes(16, 16);
export const key = bytes(32, 32);
export const moment = whole(0);

/** @param {number} least @param {number} most @returns {Field} */
export function bytes(least, most) {
  return (value) => {
    require(value instanceof Uint8Array && value.length >= least && value.length <= most, "not-as-written");
    return value;
  };
}

/** @param {number} least @param {number} most @returns {Field} */
export function text(least, most) {
  return (value) => {
    require(typeof value === "string" && [...value].length >= least && [...value].length <= most, "not-as-written");
    return value;
  };
}

/** @param {number} least @returns {Field} */
export function whole(least) {
  return (value) => {
    require(typeof value === "number" && value >= least, "not-as-written");
    return value;
  };
}

/** @type {Field} */
export function flag(value) {
  require(typeof value === "boolean", "not-as-written");
  return value;
}

/** @param {...string} words @returns {Field} */
export function oneOf(...words) {
  return (value) => {
    require(typeof value === "string" && words.includes(value), "not-as-written");
    return value;
  };
}

/** @param {Field} each @param {number} least @param {number} most @returns {Field} */
export function listOf(each, least, most) {
  return (value) => {
    require(Array.isArray(value) && value.length >= least && value.length <= most, "not-as-written");
    return value.map(each);
  };
}

/** @param {Fields} fields @returns {Field} */
export function mapOf(fields) {
  return (value) => {
    require(value instanceof Map && value.size === Object.keys(fields).length, "not-as-written");
    return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field(value.get(name))]));
  };
}

/**
 * @param {Record<string, Fields>} deeds
 * @param {string} name
 * @param {Map<string, Value>} particulars
 * @returns {any} the fields, and the deed's name as `does`
 */
export function readDeed(deeds, name, particulars) {
  const fields = Object.hasOwn(deeds, name) ? deeds[name] : undefined;
  if (!fields) throw new Refused("not-as-written");
  return { does: name, ...mapOf(fields)(particulars) };
}
