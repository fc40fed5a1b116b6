/** The words of one version, or why they are not shown. */
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { troubleWords } from "./trouble_words.js";

/** @param {{ opened: import("./opening.js").Opened | undefined }} props */
export function VersionText({ opened }) {
  if (!opened) return html`<p>${t("Not opened")}</p>`;
  if (opened.refused) return html`<p class="notice">${troubleWords({ outcome: opened.refused, failure: null })}</p>`;
  return html`<p class="text">${opened.text}</p>`;
}
