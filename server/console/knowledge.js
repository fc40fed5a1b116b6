/**
 * Every request whose answer belongs into the state: asked, numbered, and put in, so that an answer which was overtaken
 * by a later one changes nothing.
 */
import { learnServerTime } from "./clock.js";
import { missing, withAlert, withBoard, withReviews, withoutAlert } from "./merging.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./types.js").Board} Board
 * @typedef {import("./types.js").Reason} Reason
 * @typedef {import("./types.js").Status} Status
 * @typedef {ReturnType<typeof createKnowledge>} Knowledge
 */

/** @param {{ api: import("./api.js").Api, store: import("./store.js").Store, now: () => number }} means */
export function createKnowledge({ api, store, now }) {
  let numbers = 0;
  let anew = false;

  /**
   * @param {Promise<Alert>} asked
   * @param {number} number
   * @param {(answer: Alert) => object} [more] What else follows from it.
   * @returns {Promise<Alert>}
   */
  async function keep(asked, number, more = () => ({})) {
    const answer = await asked;
    store.set({ ...withAlert(store.get(), answer, number), ...more(answer), heardAt: now() });
    return store.get().alerts.find((each) => each.id === answer.id) ?? answer;
  }

  /** A press may have become part of somebody else's alert. @param {Alert} answer */
  function pressed(answer) {
    const { facts, pressed: before } = store.get();
    const mine = facts === null || answer.raised_by === facts.me.id || before.has(answer.id);
    return mine ? {} : { pressed: new Set([...before, answer.id]) };
  }

  return {
    /** What this person may see has changed: the next board is the whole truth. */
    doubt() {
      anew = true;
    },
    /** @returns {Promise<{ board: Board, missing: string[] }>} */
    async board() {
      const number = ++numbers;
      const asked = anew;
      anew = false;
      let board;
      try {
        board = await api.board();
      } catch (failure) {
        anew ||= asked;
        throw failure;
      }
      learnServerTime(board.at);
      const gone = asked ? [] : missing(store.get(), board, number);
      store.set({ ...withBoard(store.get(), board, number, { anew: asked }), heardAt: now(), failure: null });
      return { board, missing: gone.map((each) => each.id) };
    },
    /** @returns {Promise<void>} */
    async reviews() {
      const reviews = await api.reviews();
      store.set({ ...withReviews(store.get(), reviews), heardAt: now() });
    },
    /**
     * Look at one alert; one that this person does not see (any more) is taken out.
     * @param {string} id
     * @returns {Promise<void>}
     */
    async alert(id) {
      try {
        await keep(api.alert(id), ++numbers);
      } catch (failure) {
        if (/** @type {import("./api.js").Failure} */ (failure).status !== 404) throw failure;
        store.set({ ...withoutAlert(store.get(), id), heardAt: now() });
      }
    },
    /** @param {string} id */
    look: (id) => keep(api.alert(id), ++numbers),
    /** @param {string} id */
    accept: (id) => keep(api.accept(id), ++numbers),
    /** @param {string} id @param {Reason} reason */
    standDown: (id, reason) => keep(api.standDown(id, reason), ++numbers),
    /** @param {string} key @param {string} compartment @param {Status} status */
    raise: (key, compartment, status) => keep(api.raise(key, compartment, status), ++numbers, pressed),
  };
}
