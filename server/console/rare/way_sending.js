/**
 * A word on the way, sent until it is stored: the same key and the same moment again and again, whatever the line does.
 * What the server refuses is said and sent no more.
 */
import { Failure } from "../api.js";

/**
 * @typedef {{ word: string, position?: number, minutes?: number, why?: string }} Word
 * @typedef {{ state: "sending" | "waiting" | "stored" | "refused", at: number, failure: Failure | null }} Sent
 */

export const AGAIN_MS = 4_000;

/**
 * @param {object} means
 * @param {import("../api.js").Ask} means.ask
 * @param {import("../types.js").Clock} means.clock
 * @param {Pick<import("../knowledge.js").Knowledge, "wayAsked">} means.knowledge learns how the way stands then
 * @param {string} means.key
 * @param {number} means.writtenAt by the server's clock
 * @param {(sent: Sent) => void} means.changed
 * @param {() => boolean} means.mine whether whoever tapped is still the one who is signed in
 * @returns {(way: string, said: Word) => Promise<void>}
 */
export function createSending({ ask, clock, knowledge, key, writtenAt, changed, mine }) {
  return async (way, said) => {
    // When it was so stands fast, however late it comes; a delay or a silence counts from when it comes.
    const written = said.word === "reached" || said.word === "received" ? { written_at: new Date(writtenAt).toISOString() } : {};
    const body = { key, ...said, ...written };
    changed({ state: "sending", at: writtenAt, failure: null });
    for (;;) {
      // In the name of somebody else nothing is said.
      if (!mine()) return changed({ state: "refused", at: writtenAt, failure: new Failure("refused", 401) });
      const learn = knowledge.wayAsked(way);
      try {
        learn(await ask("POST", `/api/operations/${way}/passages`, {}, body));
        return changed({ state: "stored", at: writtenAt, failure: null });
      } catch (error) {
        const failure = error instanceof Failure ? error : new Failure("garbled");
        const again = failure.kind !== "refused" || failure.status === 429 || failure.status >= 500;
        if (!again) return changed({ state: "refused", at: writtenAt, failure });
        changed({ state: "waiting", at: writtenAt, failure });
        await new Promise((resolve) => clock.after(Math.max(AGAIN_MS, 1000 * failure.wait), () => resolve(null)));
      }
    }
  };
}
