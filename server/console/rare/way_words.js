/** What an operation's states and steps are called: general words, for what a step means stands in the sealed brief. */
import { t } from "../texts.js";

/** @param {string} kind */
export function stepWords(kind) {
  switch (kind) {
    case "ready": return t("ready to go");
    case "departed": return t("departed");
    case "waypoint": return t("on the way, at the point that was agreed");
    case "inside": return t("inside");
    case "cleared": return t("out again, nobody follows");
    case "arrived": return t("arrived");
    case "home_safe": return t("everybody home and safe");
    case "debriefed": return t("talked about afterwards");
    default: return kind;
  }
}

/** @param {string} status */
export function statusWords(status) {
  switch (status) {
    case "planned": return t("planned, to be approved");
    case "approved": return t("approved");
    case "go": return t("go: it begins");
    case "in_progress": return t("under way");
    case "diverted": return t("diverted, under way");
    case "completed": return t("everybody is home");
    case "aborted": return t("ended early");
    default: return status;
  }
}

/** @param {string | null} handedOver */
export function handOverWords(handedOver) {
  switch (handedOver) {
    case "awaited": return t("not taken over yet: whoever brings them answers for them");
    case "refused": return t("REFUSED: whoever brought them still answers for them");
    case "accepted": return t("taken over: whoever receives answers for them");
    case "over": return t("ended before anybody was taken over: whoever brings them answers for them");
    default: return "";
  }
}
