/** Names instead of ids. Whoever is not known here by name is still told of. */
import { rooms } from "./alert_facts.js";
import { t } from "./texts.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Facts} Facts
 * @typedef {Pick<Facts, "people" | "agencies" | "duty">} Known
 */

/** @type {Known} */
export const NOBODY_KNOWN = { people: {}, agencies: {}, duty: [] };

/** @param {string} id @param {Known} known @param {Alert} [alert] */
export function personName(id, known, alert) {
  return alert?.people[id] ?? known.people[id] ?? t("somebody whose name is not known here");
}

/** @param {string} id @param {Known} known */
export function agencyName(id, known) {
  return known.agencies[id] ?? t("an agency whose name is not known here");
}

/**
 * Return the agencies that alerts speak of and nobody has named here yet.
 * @param {readonly Alert[]} alerts
 * @param {Known} known
 */
export function unnamedAgencies(alerts, known) {
  return alerts.flatMap((each) => each.agencies.flatMap(({ agency }) => (agency in known.agencies ? [] : [agency])));
}

/** @param {readonly string[]} names */
export function listed(names) {
  return [...new Set(names)].join(", ");
}

/** @param {readonly string[]} ids @param {Known} known @param {Alert} alert */
export function peopleNames(ids, known, alert) {
  return listed(ids.map((each) => personName(each, known, alert)));
}

/** @param {readonly string[]} ids @param {Known} known */
export function agencyNames(ids, known) {
  return listed(ids.map((each) => agencyName(each, known)));
}

/**
 * Return into which rooms an alert's call came, and so on, each as names.
 * @param {Alert} alert
 * @param {Known} known
 */
export function roomNames(alert, known) {
  const found = rooms(alert);
  /** @param {import("./alert_facts.js").Room[]} those */
  const names = (those) => listed(those.map((each) => roomName(each, alert, known)));
  return { reached: names(found.reached), waiting: names(found.waiting), missed: names(found.missed) };
}

/** @param {import("./alert_facts.js").Room} room @param {Alert} alert @param {Known} known */
function roomName({ kind, id }, alert, known) {
  if (kind === "compartment") return t("channel {codename}", { codename: alert.codename });
  if (kind === "person") return personName(id, known, alert);
  const desk = known.duty.find((each) => each.desk === id);
  return desk ? t("duty desk of {agency}", { agency: agencyName(desk.agency, known) }) : t("a duty desk");
}
