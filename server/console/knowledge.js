/**
 * Every request whose answer belongs into the state: asked, numbered, and put in, so that an answer which was overtaken
 * by a later one, or by the end of the session, changes nothing.
 */
import { learnServerTime } from "./clock.js";
import { missing, reuse, withAlert, withBoard, withReviews, withoutAlert } from "./merging.js";
import { unsaid } from "./store.js";
import { NO_WAYS, withWay, withWays, withoutWay } from "./ways.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Board} Board
 * @typedef {import("./types.js").Operation} Operation
 * @typedef {import("./types.js").Reason} Reason
 * @typedef {import("./types.js").Status} Status
 * @typedef {ReturnType<typeof createKnowledge>} Knowledge
 */

/** @param {{ api: import("./api.js").Api, store: import("./store.js").Store, now: () => number }} means */
export function createKnowledge({ api, store, now }) {
  let numbers = 0;
  let anew = false;
  let waysAnew = false;
  // Which request told of the safe-calls that are shown.
  let safeCallsOf = 0;
  // Raised when a session ends: what was asked before is nobody's answer then.
  let session = 0;

  /**
   * @param {Promise<Alert>} asked
   * @param {number} number
   * @returns {Promise<Alert>}
   */
  async function keep(asked, number) {
    const mine = session;
    const answer = await asked;
    if (mine !== session) return answer;
    store.set({ ...withAlert(store.get(), answer, number), heardAt: now() });
    return store.get().alerts.find((each) => each.id === answer.id) ?? answer;
  }

  return {
    /** What this person may see has changed: the next board is the whole truth. */
    doubt() {
      anew = waysAnew = true;
    },
    /** The session is over. */
    forget() {
      session += 1;
      anew = waysAnew = false;
    },
    /**
     * Where another person signed in with this browser meanwhile, nothing stays of what the one before saw.
     * @returns {Promise<{ board: Board, missing: string[] } | null>} Nothing where the session ended meanwhile.
     */
    async board() {
      const mine = session;
      const number = ++numbers;
      const asked = anew;
      anew = false;
      let board;
      try {
        board = await api.board();
      } catch (failure) {
        if (mine === session) anew ||= asked;
        throw failure;
      }
      if (mine !== session) return null;
      learnServerTime(board.at);
      const before = store.get();
      const another = before.facts !== null && before.facts.me.id !== board.me.id;
      if (another) session += 1;
      const gone = asked || another ? [] : missing(before, board, number);
      store.set({
        ...(another ? { ...unsaid(before), silenced: new Set(), ways: NO_WAYS, safeCalls: null } : {}),
        ...withBoard(another ? { ...before, alerts: [], asOf: {} } : before, board, number, { anew: asked }),
        heardAt: now(),
        failure: null,
      });
      return { board, missing: gone.map((each) => each.id) };
    },
    /** @returns {Promise<void>} */
    async reviews() {
      const mine = session;
      const reviews = await api.reviews();
      if (mine !== session) return;
      store.set({ ...withReviews(store.get(), reviews), heardAt: now() });
    },
    /** @returns {Promise<void>} */
    async safeCalls() {
      const mine = session;
      const number = ++numbers;
      const listed = await api.safeCalls();
      if (mine !== session || number < safeCallsOf) return;
      safeCallsOf = number;
      store.set({ safeCalls: reuse(store.get().safeCalls, listed), heardAt: now() });
    },
    /** @returns {Promise<void>} */
    async ways() {
      const mine = session;
      const number = ++numbers;
      const asked = waysAnew;
      waysAnew = false;
      let listed;
      try {
        listed = await api.ways();
      } catch (failure) {
        if (mine === session) waysAnew ||= asked;
        throw failure;
      }
      if (mine === session) store.set({ ways: withWays(store.get().ways, listed, number, asked), heardAt: now() });
    },
    /**
     * Look at one way; one that this person does not see (any more) is taken out.
     * @param {string} id
     * @returns {Promise<void>}
     */
    async way(id) {
      const keep = this.wayAsked(id);
      try {
        keep(await api.way(id));
      } catch (failure) {
        if (/** @type {import("./api.js").Failure} */ (failure).status !== 404) throw failure;
        keep(null);
      }
    },
    /**
     * Return what keeps the answer to a request that is made now: how the way stands, or that there is none.
     * @param {string} id
     * @returns {(way: Operation | null) => void}
     */
    wayAsked(id) {
      const mine = session;
      const number = ++numbers;
      return (way) => {
        if (mine !== session) return;
        const { ways } = store.get();
        store.set({ ways: way ? withWay(ways, way, number) : withoutWay(ways, id, number), heardAt: now() });
      };
    },
    /**
     * Look at one alert; one that this person does not see (any more) is taken out.
     * @param {string} id
     * @returns {Promise<void>}
     */
    async alert(id) {
      const mine = session;
      const number = ++numbers;
      try {
        await keep(api.alert(id), number);
      } catch (failure) {
        if (/** @type {import("./api.js").Failure} */ (failure).status !== 404) throw failure;
        if (mine === session) store.set({ ...withoutAlert(store.get(), id, number), heardAt: now() });
      }
    },
    /** @param {string} id */
    look: (id) => keep(api.alert(id), ++numbers),
    /** @param {string} id */
    accept: (id) => keep(api.accept(id), ++numbers),
    /** @param {string} id @param {Reason} reason */
    standDown: (id, reason) => keep(api.standDown(id, reason), ++numbers),
    /** @param {string} id @param {boolean} called @param {string | null} by */
    police: (id, called, by) => keep(api.police(id, called, by), ++numbers),
    /** @param {string} key @param {string} compartment @param {Status} status @param {string} [what] */
    raise: (key, compartment, status, what) => keep(api.raise(key, compartment, status, what), ++numbers),
  };
}
