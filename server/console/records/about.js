/** What is told of a version beside its text. */
import { serverNow } from "../clock.js";
import { moment } from "../moments.js";
import { t } from "../texts.js";
import { whoWords } from "./people.js";

/** @typedef {import("../vault/records.js").Version} Version */

/** What kind it is of, who wrote it and when. @param {import("./state.js").Shown} shown @param {Version} version */
export function aboutWords({ compartment: { network } }, { by, at, deed }) {
  return t("{kind} · {author} · {time}", { kind: kindWords(deed.kind), author: whoWords(network, by), time: moment(at * 1000, serverNow()) });
}

/** @param {string} kind what a record is */
export function kindWords(kind) {
  switch (kind) {
    case "note": return t("note");
    case "assessment": return t("risk assessment");
    case "brief": return t("brief of a way");
    case "plan": return t("safety plan");
    case "decisions": return t("what a meeting decided");
    default: return kind;
  }
}
