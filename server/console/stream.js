/**
 * Follows the live stream and never gives up: after a loss it asks for everything since the last position it heard,
 * waiting longer each time, with jitter. A stream that is silent for longer than its heartbeats is lost too.
 */
import { createReader } from "./events.js";

/**
 * @typedef {import("./events.js").StreamEvent} StreamEvent
 */

export const SILENT_MS = 40_000;
export const GRACE_MS = 2_000;
export const CROWDED_MS = 30_000;
const SUSPICIOUS_MS = 20_000;
const TICK_MS = 5_000;
const SHORTEST_MS = 500;
const LONGEST_MS = 15_000;
const NO_LONGER_MS = 60_000;

/**
 * Return how long to wait before the next attempt: half of it is certain, half is by chance.
 * @param {number} failures How many attempts have failed in a row.
 * @param {number} chance From 0 to 1.
 */
export function backoff(failures, chance) {
  const most = Math.min(LONGEST_MS, SHORTEST_MS * 2 ** Math.min(failures, 10));
  return (most / 2) * (1 + chance);
}

/** @param {import("./types.js").FollowMeans} means */
export function follow({ fetch, clock, random, after, heard, changed, refused }) {
  let position = String(after);
  let failures = 0;
  let heardAt = clock.now();
  let live = false;
  let crowded = false;
  let over = false;
  let hangUp = () => {};
  let connectNow = () => {};
  let callOffLoss = clock.after(GRACE_MS, () => changed({ state: "lost", since: heardAt }));
  let callOffTick = clock.after(TICK_MS, tick);

  /** @param {StreamEvent} event */
  function take({ name, id, data }) {
    if (over) return;
    if (id) position = id;
    const told = parsed(data);
    if (name === "ended") {
      crowded = told?.reason === "too_many";
      if (told?.reason === "signed_out") stop(refused);
      hangUp();
      return;
    }
    if (!live) {
      callOffLoss();
      live = true;
      changed({ state: "live", since: clock.now() });
    }
    failures = 0;
    crowded = false;
    if (told === null) heard("reset", {});
    else heard(name, told);
  }

  /** Listen until the connection ends, whoever ends it; return how long the server asks to wait. */
  async function listen() {
    const aborting = new AbortController();
    hangUp = () => aborting.abort();
    let callOff = () => {};
    const hear = () => {
      heardAt = clock.now();
      callOff();
      callOff = clock.after(SILENT_MS, hangUp);
    };
    hear();
    try {
      const response = await fetch("/api/stream", {
        headers: { Accept: "text/event-stream", "Last-Event-ID": position },
        cache: "no-store",
        credentials: "same-origin",
        redirect: "error",
        signal: aborting.signal,
      });
      if (response.status === 401) stop(refused);
      if (response.status === 400) position = "";
      const kind = response.headers.get("Content-Type") ?? "";
      if (!response.ok || !response.body || !kind.startsWith("text/event-stream")) {
        return Math.min(NO_LONGER_MS, 1000 * Number(response.headers.get("Retry-After")) || 0);
      }
      const pieces = response.body.getReader();
      const decoder = new TextDecoder();
      const read = createReader(take);
      for (let piece = await pieces.read(); !piece.done && !over; piece = await pieces.read()) {
        hear();
        read(decoder.decode(piece.value, { stream: true }));
      }
    } catch {
      // Whatever broke it: the next attempt tells more.
    } finally {
      callOff();
      aborting.abort();
    }
    return 0;
  }

  /** A loss that is mended within moments is not worth anybody's attention. */
  function lose() {
    const since = heardAt;
    if (live || failures === 0 || crowded) {
      callOffLoss();
      callOffLoss = clock.after(GRACE_MS, () => changed({ state: crowded ? "crowded" : "lost", since }));
    }
    live = false;
  }

  /** A machine that slept does not know it: its timers slept too, and what it shows is old from the first moment. */
  function wake() {
    if (!live || clock.now() - heardAt <= SILENT_MS) return;
    live = false;
    callOffLoss();
    changed({ state: "lost", since: heardAt });
    hangUp();
  }

  function tick() {
    callOffTick = clock.after(TICK_MS, tick);
    wake();
  }

  /** @param {number} ms @returns {Promise<void>} */
  function pause(ms) {
    return new Promise((resolve) => {
      const callOff = clock.after(ms, resolve);
      connectNow = () => {
        callOff();
        resolve();
      };
    });
  }

  async function keepFollowing() {
    while (!over) {
      if (!position) heard("reset", {});
      const asked = position ? await listen() : 0;
      if (over) return;
      lose();
      await pause(crowded ? CROWDED_MS : Math.max(asked, backoff(failures++, random())));
      connectNow = () => {};
    }
  }

  /** @param {() => void} [told] */
  function stop(told) {
    if (over) return;
    over = true;
    callOffLoss();
    callOffTick();
    hangUp();
    connectNow();
    told?.();
  }

  void keepFollowing();
  return {
    stop: () => stop(),
    /** A board has come: follow from there, if there is nowhere else to follow from. @param {number} after */
    from(after) {
      if (position) return;
      position = String(after);
      connectNow();
    },
    /** The machine woke up or has a network again: its timers may have slept. */
    kick() {
      connectNow();
      wake();
      if (clock.now() - heardAt > SUSPICIOUS_MS) hangUp();
    },
  };
}

/** @param {string} data */
function parsed(data) {
  try {
    const told = JSON.parse(data);
    return typeof told === "object" ? told : null;
  } catch {
    return null;
  }
}
