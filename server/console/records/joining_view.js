/** Coming in with an invitation on paper, step by step: the paper, who one is, the passphrase. */
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { slips } from "./joining_rules.js";
import { PassphraseField } from "./passphrase_field.js";
import { useParts, useShown } from "./store.js";
import { WaitingScreen } from "./waiting_view.js";

export function JoiningScreen() {
  const { joining } = useShown();
  switch (joining?.step) {
    case "person": return html`<${PersonStep} role=${joining.role} />`;
    case "passphrase": return html`<${PassphraseStep} words=${joining.words} />`;
    case "waiting": return html`<${WaitingScreen} waiting=${joining} />`;
    default: return html`<${PaperStep} />`;
  }
}

function PaperStep() {
  const { joining } = useParts();
  const { busy } = useShown();
  const [paper, type] = useState("");
  const wrong = slips(paper);
  /** @param {Event} event */
  function open(event) {
    event.preventDefault();
    void joining.open(paper);
  }
  return html`
    <h1>${t("Come in with an invitation")}</h1>
    <p>${t("Do so only in a browser that is yours alone: your keys are made and kept here. Nobody but you is told your passphrase.")}</p>
    <form class="unlock paper" onSubmit=${open}>
      <div class="field">
        <label for="paper">${t("Your paper")}</label>
        <p id="paper-how" class="of">${t("Type the paper row by row, with the address below the rows; or paste all that a camera read of its QR code.")}</p>
        <textarea
          id="paper" rows="10" required value=${paper} aria-describedby="paper-how paper-wrong"
          autocomplete="off" autocapitalize="characters" autocorrect="off" spellcheck=${false}
          onInput=${(/** @type {any} */ event) => type(event.currentTarget.value)}
        ></textarea>
      </div>
      <ul id="paper-wrong" class="wrong-rows" aria-live="polite">
        ${wrong.map((row) => html`<li key=${row}>${t("Row {row} is not right. Look at it again, letter by letter.", { row })}</li>`)}
      </ul>
      <div class="buttons">
        <button type="submit" disabled=${busy !== ""}>${t("Go on")}</button>
        <button type="button" disabled=${busy !== ""} onClick=${joining.cancel}>${t("Cancel")}</button>
      </div>
    </form>
  `;
}

/** @param {{ role: string }} props */
function PersonStep({ role }) {
  const { joining } = useParts();
  const { busy } = useShown();
  const [name, typeName] = useState("");
  const [user, typeUser] = useState("");
  /** @param {Event} event */
  function tell(event) {
    event.preventDefault();
    void joining.tell(name, user);
  }
  return html`
    <h1>${t("Who you are")}</h1>
    <p class="notice">${t("Your paper invites you as: {role}. If you were told otherwise, stop here, and ring whoever gave it to you.", { role: roleWords(role) })}</p>
    <form class="unlock" onSubmit=${tell}>
      <${Line} id="name" label=${t("Your name")} hint=${t("Your name, as your colleagues know you.")} value=${name} type=${typeName} />
      <${Line} id="matrix-user" label=${t("Your Matrix user")} hint=${t("A Matrix user looks like @name:server, in small letters.")} value=${user} type=${typeUser} />
      <div class="buttons">
        <button type="submit" disabled=${busy !== ""}>${t("Go on")}</button>
        <button type="button" disabled=${busy !== ""} onClick=${joining.cancel}>${t("Cancel")}</button>
      </div>
    </form>
  `;
}

/** @param {{ words: string }} props */
function PassphraseStep({ words }) {
  const { joining } = useParts();
  const { busy } = useShown();
  const [copied, go] = useState(false);
  const [passphrase, type] = useState("");
  /** @param {Event} event */
  function offer(event) {
    event.preventDefault();
    type("");
    void joining.offer(passphrase);
  }
  if (!copied) {
    return html`
      <h1>${t("Your passphrase")}</h1>
      <p>${t("Your passphrase. Write it on paper, and keep the paper where only you get at it:")}</p>
      <p class="drawn" translate="no">${words}</p>
      <p>${t("Nobody can tell you it again, and without it nothing opens here.")}</p>
      <div class="buttons">
        <button type="button" onClick=${() => go(true)}>${t("I have written it down")}</button>
        <button type="button" onClick=${joining.cancel}>${t("Cancel")}</button>
      </div>
    `;
  }
  return html`
    <h1>${t("Your passphrase")}</h1>
    <p>${t("Type it from your paper:")}</p>
    <form class="unlock" onSubmit=${offer}>
      <${PassphraseField} passphrase=${passphrase} type=${type} />
      <div class="buttons">
        <button type="submit" disabled=${busy !== ""}>${t("Make my keys and offer them")}</button>
        <button type="button" disabled=${busy !== ""} onClick=${() => go(false)}>${t("Show it once more")}</button>
      </div>
    </form>
  `;
}

/** @param {{ id: string, label: string, hint: string, value: string, type: (typed: string) => void }} props */
function Line({ id, label, hint, value, type }) {
  return html`
    <div class="field">
      <label for=${id}>${label}</label>
      <input
        id=${id} value=${value} required aria-describedby="${id}-how" autocomplete="off" autocapitalize="none" autocorrect="off" spellcheck=${false}
        onInput=${(/** @type {any} */ event) => type(event.currentTarget.value)}
      />
      <p id="${id}-how" class="of">${hint}</p>
    </div>
  `;
}

/** @param {string} role */
export function roleWords(role) {
  switch (role) {
    case "administrator": return t("administrator");
    case "security_officer": return t("security officer");
    default: return t("practitioner");
  }
}
