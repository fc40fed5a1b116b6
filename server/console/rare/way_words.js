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
    case "postponed": return t("postponed");
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

/** What is missing, and what to do. @param {string} what */
export function missingWords(what) {
  switch (what) {
    case "not_joined": return t("not in the channel: they open the app and accept the invitation");
    case "no_device": return t("no device that counts: they sign in and verify it");
    case "no_key": return t("the key of the channel has not come: they open the app");
    case "away": return t("away on that day: name somebody else");
    case "no_telephone": return t("no telephone that rings: have the number entered");
    case "not_seen": return t("not seen for a day: ring them");
    case "not_known": return t("nobody can tell who reads the channel: the bot is not at work");
    case "nobody_on_duty": return t("at some time of the way nobody is on duty at any desk: fill the roster");
    case "custody": return t("custody was not confirmed in time: it counts as ended");
    case "level": return t("the risk is not assessed, or not in time: assess it");
    case "no_card": return t("a duty desk that would be called has no emergency card of this circle: put one");
    default: return what;
  }
}

/** Why somebody goes although something is missing. @param {string} reason */
export function despiteWords(reason) {
  switch (reason) {
    case "summoned": return t("summoned, and must appear");
    case "no_other_day": return t("there is no other day");
    case "staying_is_worse": return t("staying is more dangerous");
    case "seen_to": return t("seen to otherwise, by telephone");
    default: return reason;
  }
}

/** What was done, as the time line tells it. @param {string} what */
export function happenedWords(what) {
  switch (what) {
    case "operation_planned": return t("planned");
    case "operation_approved": return t("approved");
    case "operation_gone": return t("go");
    case "operation_postponed": return t("postponed");
    case "operation_closed": return t("closed");
    case "operation_receiver_named": return t("somebody else receives");
    case "milestone_confirmed": return t("confirmed");
    case "milestone_late": return t("LATE: people were called");
    case "operation_delayed": return t("delayed");
    case "operation_dark": return t("telephones off");
    case "operation_diverted": return t("diverted");
    case "operation_aborted": return t("ended early");
    case "operation_received": return t("taken over");
    case "operation_refused": return t("NOT taken over");
    case "safe_call_planned": return t("expected to be heard from");
    case "safe_call_heard": return t("heard from");
    case "safe_call_late": return t("NOT heard from: people were called");
    case "safe_call_over": return t("nobody is expected any more");
    default: return what;
  }
}

/** Why somebody was not taken over. @param {string} why */
export function refusalWords(why) {
  switch (why) {
    case "no_place": return t("there is no place");
    case "not_agreed": return t("nobody announced it here");
    case "somebody_else": return t("it is not who was announced");
    case "not_safe_here": return t("it is not safe here now");
    case "other_care": return t("other care is needed first");
    case "papers": return t("papers are missing");
    default: return why;
  }
}
