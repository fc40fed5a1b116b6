/** The panic button: held for one and a half seconds by whatever can hold it, or pressed and confirmed by what cannot. */
import { useConsole } from "./drawing.js";
import { createHold } from "./hold.js";
import { t } from "./texts.js";
import { html, useLayoutEffect, useMemo, useRef, useState } from "./vendor/preact.js";

/** @typedef {"idle" | import("./hold.js").Holding} Shown */

/** @param {{ raise: () => void }} props */
export function PanicButton({ raise }) {
  const { clock, session } = useConsole();
  const [shown, show] = useState(/** @type {Shown} */ ("idle"));
  const [asking, ask] = useState(false);
  const begin = useRef(raise);
  begin.current = raise;
  const hold = useMemo(
    () =>
      createHold({
        clock,
        changed(holding) {
          show(holding);
          if (holding === "holding") session.say(t("Keep holding."), true);
          if (holding === "released") session.say(t("Let go too early. Nothing was raised."), true);
          if (holding === "done") begin.current();
        },
      }),
    [],
  );
  useLayoutEffect(() => hold.release, []);

  /** @param {KeyboardEvent} event @param {boolean} down */
  function key(event, down) {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    if (!down) hold.release();
    else if (!event.repeat) hold.press();
  }

  /** @param {any} event */
  function press(event) {
    if (event.button !== 0) return;
    // A finger that slides while it holds still holds.
    event.currentTarget.setPointerCapture(event.pointerId);
    hold.press();
  }

  return html`
    <div class="panic-control">
      <button
        type="button"
        class="hold is-${shown}"
        onPointerDown=${press}
        onPointerUp=${hold.release}
        onPointerCancel=${hold.release}
        onLostPointerCapture=${hold.release}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => key(event, true)}
        onKeyUp=${(/** @type {KeyboardEvent} */ event) => key(event, false)}
        onBlur=${hold.release}
        onContextMenu=${(/** @type {Event} */ event) => event.preventDefault()}
        onClick=${(/** @type {MouseEvent} */ event) => event.detail === 0 && ask(true)}
      >
        <span class="hold-name">${t("Panic")}</span>
        <span class="hold-hint">${t("Hold for one and a half seconds")}</span>
      </button>
      ${shown === "released" && html`<p class="quiet">${t("Let go too early. Nothing was raised.")}</p>`}
      ${asking &&
      html`<div class="asking" role="group" aria-label=${t("Panic")}>
        <button type="button" class="danger" onClick=${() => (ask(false), raise())}>${t("Raise the alert now")}</button>
        <button type="button" onClick=${() => ask(false)}>${t("Cancel")}</button>
      </div>`}
    </div>
  `;
}
