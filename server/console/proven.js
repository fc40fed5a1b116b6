/** Whether calling people works: when it last did, and whether what does it gives signs of life. */
import { serverNow } from "./clock.js";
import { memo } from "./drawing.js";
import { duration, moment } from "./moments.js";
import { t } from "./texts.js";
import { Time } from "./time.js";
import { html } from "./vendor/preact.js";

/** @typedef {import("./types.js").Facts} Facts */

const SILENT_MS = 60_000;
const OLD_PROOF_MS = 12 * 60_000;

export const Proven = memo(
  /** @param {{ facts: Facts }} props */
  ({ facts }) => html`
    <section class="proven" aria-labelledby="proven">
      <h2 id="proven">${t("Last proven")}</h2>
      ${facts.proven
        ? html`
            <p>${provenWords(facts.proven)} <span class="far">(<${Time} at=${facts.proven.accepted_at} far=${true} />)</span></p>
          `
        : html`<p class="urgent">${t("Nothing has shown you yet that calling people works. Run a drill.")}</p>`}
      ${facts.proof && html`<${SelfTest} proof=${facts.proof} at=${facts.at} />`}
    </section>
  `,
);

/** @param {{ proof: import("./types.js").Proof, at: string }} props */
function SelfTest({ proof, at }) {
  const old = proof.proven_at === null || Date.parse(at) - Date.parse(proof.proven_at) > OLD_PROOF_MS;
  return html`
    <p class=${old || proof.failing ? "urgent" : ""}>
      ${proof.proven_at === null
        ? t("The self-test has never come round yet.")
        : html`${t("The self-test last came round")} <${Time} at=${proof.proven_at} far=${true} />.`}
      ${(old || proof.failing) && html` ${t("Do not rely on it: ring people by telephone, and tell the operator.")}`}
    </p>
  `;
}

/** What stands still although it should work: said above everything else. */
export const SignsOfLife = memo(
  /** @param {{ facts: Facts }} props */
  ({ facts }) => {
    const now = Date.parse(facts.at);
    /** @param {string | null} at */
    const silent = (at) => at === null || now - Date.parse(at) > SILENT_MS;
    if (!silent(facts.engine_at) && !silent(facts.bots_at) && !facts.held_since) return null;
    return html`
      <div class="signs urgent">
        ${facts.held_since &&
        html`<p>
          ${t(
            "Streha was restored from a backup and is on hold since {time}. Alerts from before call nobody: ring their people. New alerts call as always.",
            { time: moment(Date.parse(facts.held_since), now) },
          )}
        </p>`}
        ${silent(facts.engine_at) &&
        html`<p>
          ${t("What calls silent people again gives no sign of life: {since}. Ring them yourself, and tell the operator.", {
            since: since(facts.engine_at, now),
          })}
        </p>`}
        ${silent(facts.bots_at) &&
        html`<p>
          ${t("What speaks in the channels gives no sign of life: {since}. Ring people yourself, and tell the operator.", {
            since: since(facts.bots_at, now),
          })}
        </p>`}
      </div>
    `;
  },
);

/** @param {string | null} at @param {number} now */
function since(at, now) {
  return at === null ? t("it has never run") : t("since {time}", { time: moment(Date.parse(at), now) });
}

/** @param {import("./types.js").Proven} proven */
function provenWords(proven) {
  const accepted = Date.parse(proven.accepted_at);
  const called = Date.parse(proven.called_at);
  const parameters = { time: moment(called, serverNow()), duration: duration(Math.max(1000, accepted - called)) };
  return proven.status === "Exercise"
    ? t("Calling people last worked {time}, in an exercise: accepted within {duration}.", parameters)
    : t("Calling people last worked {time}, for real: accepted within {duration}.", parameters);
}
