/**
 * A word of somebody on the way or about them, sent until it is stored: the same key and the same moment again and again,
 * whatever the line does. What the server refuses is said and sent no more.
 */
import { Failure } from "../api.js";
import { serverNow } from "../clock.js";
import { useConsole, useShown } from "../drawing.js";
import { exactly } from "../moments.js";
import { t } from "../texts.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { failureWords } from "../words.js";

/**
 * @typedef {{ state: "sending" | "waiting" | "stored" | "refused", at: number, failure: Failure | null }} Sent
 */

export const AGAIN_MS = 4_000;

/**
 * @param {object} means
 * @param {import("../api.js").Ask} means.ask
 * @param {import("../types.js").Clock} means.clock
 * @param {(sent: Sent) => void} means.changed
 * @param {() => boolean} means.mine whether whoever tapped is still the one who is signed in
 * @returns {(path: string, body: object, at: number, asked: () => (answer: any) => void) => Promise<void>} sends what was
 *   said `at` a moment by the server's clock; `asked` hears of each request, and returns what keeps its answer
 */
export function createSending({ ask, clock, changed, mine }) {
  return async (path, body, at, asked) => {
    changed({ state: "sending", at, failure: null });
    for (;;) {
      // In the name of somebody else nothing is said.
      if (!mine()) return changed({ state: "refused", at, failure: new Failure("refused", 401) });
      const keep = asked();
      try {
        keep(await ask("POST", path, {}, body));
        return changed({ state: "stored", at, failure: null });
      } catch (error) {
        const failure = error instanceof Failure ? error : new Failure("garbled");
        const again = failure.kind !== "refused" || failure.status === 429 || failure.status >= 500;
        if (!again) return changed({ state: "refused", at, failure });
        changed({ state: "waiting", at, failure });
        await new Promise((resolve) => clock.after(Math.max(AGAIN_MS, 1000 * failure.wait), () => resolve(null)));
      }
    }
  };
}

/**
 * Send for whoever is signed in: one word at a time, told aloud, and the page is not left unasked meanwhile.
 * @returns {{ sent: Sent | null, busy: boolean, send: (path: string, words: (at: number) => object, asked: () => (answer: any) => void) => void }}
 */
export function useSending() {
  const { ask, clock, session, store } = useConsole();
  const me = useShown((state) => state.facts?.me.id ?? "");
  const [sent, tell] = useState(/** @type {Sent | null} */ (null));
  const busy = sent?.state === "sending" || sent?.state === "waiting";
  useEffect(() => {
    if (!busy) return;
    const guard = (/** @type {Event} */ event) => event.preventDefault();
    addEventListener("beforeunload", guard);
    return () => removeEventListener("beforeunload", guard);
  }, [busy]);
  const changed = (/** @type {Sent} */ next) => {
    tell(next);
    if (next.state !== "sending") session.say(sentWords(next), next.state !== "stored");
  };
  const mine = () => store.get().session === "signed_in" && store.get().facts?.me.id === me;
  return {
    sent,
    busy,
    send(path, words, asked) {
      if (busy) return;
      const at = serverNow();
      void createSending({ ask, clock, changed, mine })(path, words(at), at, asked);
    },
  };
}

/** Whether it is stored. @param {{ sent: Sent | null }} props */
export function SentLine({ sent }) {
  if (!sent) return null;
  const stored = sent.state === "stored";
  return html`<p class=${stored ? "notice" : "urgent"} role=${stored ? "status" : "alert"}>${sentWords(sent)}</p>`;
}

/** @param {Sent} sent */
function sentWords({ state, at, failure }) {
  const time = exactly(at);
  if (state === "sending") return t("Storing…");
  if (state === "stored") return t("Stored, as of {time}.", { time });
  const why = failure ? failureWords(failure) : "";
  if (state === "refused") return t("NOT stored. {why}", { why });
  return t("NOT stored yet, it is sent again by itself, as of {time}. Leave this page open, or ring who leads. {why}", { time, why });
}
