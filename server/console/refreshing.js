/**
 * Fetches again what has changed: at most one request at a time for one thing, again if it changed meanwhile, not more
 * often than once per gap, and until it succeeds. However many changes come at once, each thing is asked for once.
 */

import { Failure } from "./api.js";

/** @typedef {import("./types.js").Clock} Clock */

export const GAP_MS = 500;
const RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 15_000;
// When more than so many things changed in one moment, the whole is asked for instead.
export const MANY = 5;
const WAY = "way:";

/** Return what is to be fetched where the stream tells that something changed. @param {{ object?: unknown, id?: unknown }} told */
export function nameOf({ object, id }) {
  if (object === "alert" && typeof id === "string") return id;
  if (object === "operation" && typeof id === "string") return WAY + id;
  if (object === "safe_call") return "safeCalls";
  return object === "review" ? "reviews" : "board";
}

/** Return the id of the way that is to be fetched, or nothing where it is something else. @param {string} name */
export const wayOf = (name) => (name.startsWith(WAY) ? name.slice(WAY.length) : "");

/** Put the whole in the place of many of a kind, and of what it tells anyway. @param {ReadonlySet<string>} names */
function gathered(names) {
  const each = [...names];
  const ways = each.filter((name) => wayOf(name));
  const alerts = each.filter((name) => !wayOf(name) && !["board", "reviews", "ways", "safeCalls"].includes(name));
  const allWays = names.has("ways") || ways.length > MANY;
  const all = names.has("board") || alerts.length > MANY;
  const others = names.has("safeCalls") ? ["safeCalls"] : [];
  return [...(all ? ["board"] : each.filter((name) => name === "reviews" || alerts.includes(name))), ...(allWays ? ["ways"] : ways), ...others];
}

/**
 * @param {object} means
 * @param {Clock} means.clock
 * @param {(act: () => void) => void} means.soon When to begin: with the next picture, or at once where nobody looks.
 * @param {(name: string) => Promise<void>} means.fetch Fetches one thing: "board", "reviews", "ways", "safeCalls", a way (see `nameOf`) or an alert's id.
 * @param {(failure: Failure, name: string) => boolean} means.mayRetry
 * @param {(behind: boolean) => void} means.behind
 */
export function createRefresher({ clock, soon, fetch, mayRetry, behind }) {
  /** @type {Set<string>} */
  let wanted = new Set();
  /** @type {Map<string, { again: boolean, failures: number }>} */
  const busy = new Map();
  /** @type {Map<string, () => void>} */
  const pausing = new Map();
  /** What is fetched by itself, as soon as there is room for it. @type {Set<string>} */
  const owed = new Set();
  let asked = false;
  let generation = 0;

  function begin() {
    asked = false;
    const names = wanted;
    wanted = new Set();
    gathered(names).forEach(start);
  }

  /** @param {string} name */
  function start(name) {
    const running = busy.get(name);
    if (running) running.again = true;
    else void keepFetching(name, generation);
  }

  function startOwed() {
    for (const name of owed) {
      if ([...busy.values()].filter((each) => !each.failures).length >= MANY) return;
      owed.delete(name);
      start(name);
    }
  }

  /** @param {string} name @param {number} mine */
  async function keepFetching(name, mine) {
    const job = { again: true, failures: 0 };
    busy.set(name, job);
    while (job.again && mine === generation) {
      job.again = false;
      let pause = GAP_MS;
      try {
        await fetch(name);
        job.failures = 0;
      } catch (error) {
        const failure = error instanceof Failure ? error : new Failure("garbled");
        if (mine !== generation || !mayRetry(failure, name)) break;
        job.again = true;
        pause = Math.max(1000 * failure.wait, Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** job.failures++));
      }
      if (mine !== generation) return;
      behind([...busy.values()].some((each) => each.failures > 0));
      startOwed();
      await new Promise((resolve) => {
        const callOff = clock.after(pause, () => resolve(null));
        pausing.set(name, () => {
          callOff();
          resolve(null);
        });
      });
      pausing.delete(name);
    }
    if (mine !== generation) return;
    busy.delete(name);
    behind([...busy.values()].some((each) => each.failures > 0));
    startOwed();
  }

  return {
    /**
     * Fetch a thing soon.
     * @param {string} name
     */
    want(name) {
      wanted.add(name);
      if (asked) return;
      asked = true;
      soon(begin);
    },
    /**
     * Fetch each of these by itself, however many they are, a few at a time: the whole does not tell of them.
     * @param {string[]} names
     */
    wantEach(names) {
      names.forEach((each) => owed.add(each));
      startOwed();
    },
    /** Do not wait any longer where fetching has failed. */
    kick() {
      for (const [name, goOn] of [...pausing]) if (busy.get(name)?.failures) goOn();
    },
    /** Forget everything: nobody is signed in any more. */
    stop() {
      generation += 1;
      wanted.clear();
      owed.clear();
      busy.clear();
      behind(false);
      for (const goOn of [...pausing.values()]) goOn();
      pausing.clear();
    },
  };
}
