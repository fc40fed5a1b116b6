/** The words of one version, or why they are not shown. What has a form is shown as people read it. */
import { t } from "../texts.js";
import { html, useEffect, useState } from "../vendor/preact.js";
import { AssessmentView } from "./assessment_view.js";
import { readAssessment } from "./assessments.js";
import { Lacks } from "./brief_view.js";
import { BRIEF, isKeptByPrograms } from "./briefs.js";
import { PlanView } from "./plan_view.js";
import { readPlan } from "./plans.js";
import { useParts } from "./store.js";
import { troubleWords } from "./trouble_words.js";

/** @typedef {import("./forms.js").Forms} Forms */
/** @typedef {{ shown: import("./state.js").Shown, opened: import("./opening.js").Opened }} Props */

export const ASSESSMENT = "assessment";
export const PLAN = "plan";

/** @param {string} kind @returns {boolean} whether it is filled in, and not written as a text */
export function hasForm(kind) {
  return [ASSESSMENT, PLAN].includes(kind);
}

/** @param {{ shown: import("./state.js").Shown, opened: import("./opening.js").Opened | undefined }} props */
export function VersionText({ shown, opened }) {
  if (!opened) return html`<p>${t("Not opened")}</p>`;
  if (opened.refused) return html`<p class="notice">${troubleWords({ outcome: opened.refused, failure: null })}</p>`;
  if (hasForm(opened.version.deed.kind)) return html`<${Filled} shown=${shown} opened=${opened} />`;
  const { deed: { kind } } = opened.version;
  if (isKeptByPrograms(kind, opened.text)) return html`<p>${t("A program keeps this for the members of the circle: the command line uses it.")}</p>`;
  return html`<p class="text">${opened.text}</p>${kind === BRIEF && html`<${Lacks} text=${opened.text} />`}`;
}

/** @param {Props} props */
function Filled({ shown, opened }) {
  const { forms: asked } = useParts();
  const [forms, take] = useState(/** @type {Forms | null | undefined} */ (undefined));
  useEffect(() => {
    let here = true;
    void asked().then((found) => here && take(found));
    return () => void (here = false);
  }, []);
  if (forms === undefined) return html`<p role="status">${t("Opening…")}</p>`;
  const { version: { deed: { kind } }, text } = opened;
  if (forms && kind === ASSESSMENT) {
    const read = readAssessment(forms, shown, opened.version);
    if (read) return html`<${AssessmentView} shown=${shown} read=${read} />`;
  }
  if (forms && kind === PLAN) {
    const plan = readPlan(forms, text);
    if (plan) return html`<${PlanView} shown=${shown} plan=${plan} />`;
  }
  const why = forms === null
    ? t("The forms could not be fetched, so that it is shown as it was sealed, and not judged. Open the record again later.")
    : t("This has not the form that this page knows, so that it is shown as it was sealed, and not judged. Its author went round the rules, or has a newer program.");
  return html`<p class="notice">${why}</p><p class="text">${text}</p>`;
}
