/** One raise on the screen: how far it came, whom to ring, and how to end it. */
import { useConsole, useShown } from "./drawing.js";
import { NOBODY_KNOWN } from "./names.js";
import { isGuarded } from "./panic.js";
import { isPaused, raiseWords, shouldRing } from "./raise_words.js";
import { Ring } from "./ring.js";
import { t } from "./texts.js";
import { usePresent } from "./time.js";
import { html, useLayoutEffect, useRef, useState } from "./vendor/preact.js";

/** @typedef {import("./types.js").Progress} Progress */

/** @param {{ progress: Progress }} props */
export function RaisePanel({ progress }) {
  const { session, raises } = useConsole();
  const known = useShown((state) => state.facts) ?? NOBODY_KNOWN;
  const drill = progress.status === "Exercise";
  // A pause that is over is another sentence.
  usePresent(() => isPaused(progress.alert));
  const { headline, lines, urgent } = raiseWords(progress, known);
  const name = drill ? t("Your drill") : t("Your alert");
  const prefix = drill ? `${t("EXERCISE")} · ` : "";
  const spoken = [`${prefix}${headline}`, ...urgent].join(" ");
  const panel = useRef(/** @type {HTMLElement | null} */ (null));
  useLayoutEffect(() => {
    session.say(spoken, !drill);
    // Wherever somebody has read to: what is new stands at the beginning.
    const { offsetTop = 0, parentElement } = panel.current ?? {};
    if (parentElement) parentElement.scrollTop = offsetTop - parentElement.offsetTop;
  }, [spoken]);
  const ended = progress.known === "ended";
  return html`
    <div class="raise ${drill ? "drill" : "actual"} is-${progress.known}" role="group" aria-label=${name} ref=${panel}>
      <p class="raise-name">
        ${drill ? html`<span class="tag">${t("EXERCISE")}</span>` : html`<span>${name}</span>`}
        <strong>${progress.alert?.codename ?? progress.channel.codename}</strong>
      </p>
      <p class="raise-headline">${headline}</p>
      ${urgent.map((line) => html`<p class="urgent" key=${line}>${line}</p>`)}
      ${shouldRing(progress) && html`<${Ring} now=${true} />`}
      ${lines.map((line) => html`<p class="quiet" key=${line}>${line}</p>`)}
      <div class="buttons">
        ${!ended && progress.stop === "" && html`<${Stop} drill=${drill} stop=${() => raises.stop(progress.key)} />`}
        ${(ended || !isGuarded(progress)) &&
        html`<button type="button" onClick=${() => raises.dismiss(progress.key)}>${t("Close")}</button>`}
      </div>
    </div>
  `;
}

/** A drill ends at once; a call for help only when the person says so twice. @param {{ drill: boolean, stop: () => void }} props */
function Stop({ drill, stop }) {
  const [asking, ask] = useState(false);
  if (drill) return html`<button type="button" onClick=${stop}>${t("End the drill")}</button>`;
  if (!asking) return html`<button type="button" onClick=${() => ask(true)}>${t("I am safe: stop")}</button>`;
  return html`
    <div class="asking" role="group" aria-label=${t("I am safe: stop")}>
      <p>${t("Stop only when nobody is in danger any more. Whoever accepted still rings back.")}</p>
      <button type="button" onClick=${stop}>${t("Yes, stop")}</button>
      <button type="button" onClick=${() => ask(false)}>${t("No, go on calling")}</button>
    </div>
  `;
}
