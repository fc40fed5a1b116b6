/**
 * Assessments that were opened, as the rules read them: each held against the last that counted before it. The twin of what
 * `client/vault/assessments.py` does for whoever reads.
 */
import { uuid } from "./coding.js";
import { DEFINITION } from "./definition.js";
import { judged, lacking } from "./judging.js";
import { recordOf } from "./opening.js";
import { historyOf } from "./past.js";
import { shaped } from "./shaped.js";

/** @typedef {import("../vault/records.js").Version} Version */
/** @typedef {import("./forms.js").Forms} Forms */
/** @typedef {import("./forms.js").Instrument} Instrument */
/** @typedef {import("./judging.js").Missing} Missing */
/**
 * @typedef {Omit<import("./judging.js").Assessment, "scenarios"> & { instrument: string, version: number, about: string | null,
 *   scenarios: { what: string, severity: string, likelihood: string }[], dissent: { by: string, level: string, why: string }[] }} Form
 */
/**
 * What is wrong or lacking, what it suggests, and the last that counted before. `unopened` are versions before it that were
 * not opened, or that cannot be: without them it is not seen whether it lowers anything. `waits`: all that it lacks is a second person.
 * @typedef {{ said: Form, instrument: Instrument | null, missing: Missing[], judgement: import("./judging.js").Judgement | null,
 *   before: Form | null, unopened: Version[], waits: boolean }} Read
 */

const NOBODY = "00000000-0000-0000-0000-000000000000";

/** @param {Forms} forms @param {import("./state.js").Shown} shown @param {Version} version @returns {Read | null} nothing where its text is none */
export function readAssessment(forms, { compartment, opened }, version) {
  /** @type {Form | null} */
  let before = null;
  const unopened = [];
  for (const each of historyOf(compartment, recordOf(version))) {
    if (each.quarantined && each.hash !== version.hash) continue;
    const found = opened.get(each.hash);
    /** @type {Omit<Read, "unopened"> | null} */
    const read = found && !found.refused ? judgedText(forms, each, found.text, before) : null;
    if (each.hash === version.hash) return read && { ...read, unopened };
    if (!found || found.refused) unopened.push(each);
    else if (read && !read.missing.length) before = read.said;
  }
  return null;
}

/** @param {Forms} forms @param {Version} version @param {string} text @param {Form | null} before @returns {Omit<Read, "unopened"> | null} */
function judgedText({ instruments, assessment }, { by }, text, before) {
  const form = shaped(assessment, text);
  if (!form) return null;
  const author = uuid(by);
  /** @type {Form} */
  const said = { ...form, assessor: form.assessor ?? author };
  const instrument = instruments.find((each) => each.fingerprint === said.fingerprint && each.instrument === said.instrument && each.version === said.version) ?? null;
  const strange = (said.countersigner ?? said.assessor) === author ? [] : [{ lack: "not_by_author", indicator: "" }];
  if (!instrument) return { said, instrument, missing: [{ lack: "unknown_instrument", indicator: "" }, ...strange], judgement: null, before, waits: false };
  const lacks = lacking(DEFINITION, said, instrument, before);
  const alone = said.countersigner === null && lacks.length > 0;
  const waits = alone && !lacking(DEFINITION, { ...said, countersigner: NOBODY }, instrument, before).length;
  return { said, instrument, missing: [...strange, ...lacks], judgement: judged(DEFINITION, said, instrument), before, waits };
}
