/** Times in words, in the person's language and the browser's time zone. */
import { locale } from "./texts.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** @type {Map<string, Intl.DateTimeFormat | Intl.RelativeTimeFormat | Intl.NumberFormat>} */
const made = new Map();

/**
 * Return the time of day, with the date where it is not today's.
 * @param {number} at
 * @param {number} now
 */
export function moment(at, now) {
  const time = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (new Date(at).toDateString() === new Date(now).toDateString()) return dates("time", time).format(at);
  if (new Date(at).getFullYear() === new Date(now).getFullYear()) {
    return dates("day", { day: "numeric", month: "short", ...time }).format(at);
  }
  return dates("year", { day: "numeric", month: "short", year: "numeric", ...time }).format(at);
}

/** Return the time of day to the second. @param {number} at */
export function exactly(at) {
  return dates("exact", { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(at);
}

/**
 * Return how long ago something was, or how soon it will be.
 * @param {number} at
 * @param {number} now
 */
export function distance(at, now) {
  const [amount, unit] = counted(at - now);
  const format = /** @type {Intl.RelativeTimeFormat} */ (
    remembered(`relative ${locale()}`, () => new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "short" }))
  );
  return format.format(amount, unit);
}

/** Return a length of time. @param {number} ms */
export function duration(ms) {
  const [amount, unit] = ms < MINUTE ? /** @type {const} */ ([Math.round(ms / 1000), "second"]) : counted(ms);
  const format = remembered(
    `${unit} ${locale()}`,
    () => new Intl.NumberFormat(locale(), { style: "unit", unit, unitDisplay: "long" }),
  );
  return /** @type {Intl.NumberFormat} */ (format).format(amount);
}

/** @param {number} ms @returns {[number, "second" | "minute" | "hour" | "day"]} */
function counted(ms) {
  const size = Math.abs(ms);
  if (size < MINUTE) return [Math.trunc(ms / 10_000) * 10, "second"];
  if (size < 2 * HOUR) return [Math.trunc(ms / MINUTE), "minute"];
  if (size < 2 * DAY) return [Math.trunc(ms / HOUR), "hour"];
  return [Math.trunc(ms / DAY), "day"];
}

/** @param {string} name @param {object} shape */
function dates(name, shape) {
  const format = remembered(`${name} ${locale()}`, () => new Intl.DateTimeFormat(locale(), shape));
  return /** @type {Intl.DateTimeFormat} */ (format);
}

/** @param {string} key @param {() => Intl.DateTimeFormat | Intl.RelativeTimeFormat | Intl.NumberFormat} make */
function remembered(key, make) {
  const format = made.get(key) ?? make();
  made.set(key, format);
  return format;
}
