/** What a person who raised an alert reads and hears: what is known, no more and no less. Beside it, whom to ring. */
import { acceptances, isDrill, rooms, silentAgencies, unreachedPeople } from "./alert_facts.js";
import { serverNow } from "./clock.js";
import { moment } from "./moments.js";
import { agencyNames, listed, peopleNames, personName, roomNames } from "./names.js";
import { REPEAT_MS, isSettled, isUnsent } from "./panic.js";
import { t } from "./texts.js";
import { failureWords, reasonWords } from "./words.js";

/**
 * @typedef {import("./types.js").Alert} Alert
 * @typedef {import("./names.js").Known} Known
 * @typedef {import("./types.js").Progress} Progress
 * @typedef {{ headline: string, lines: string[], urgent: string[] }} Told `urgent` is what the raiser should do.
 */

/**
 * @param {Progress} progress
 * @param {Known} known
 * @returns {Told}
 */
export function raiseWords(progress, known) {
  if (progress.stop !== "" && progress.known !== "ended") return stopWords(progress, known);
  const told = knownWords(progress, known);
  if (!progress.refusal || progress.known === "ended") return told;
  return { ...told, urgent: [`${t("NOT stopped.")} ${failureWords(progress.refusal)}`, ...told.urgent] };
}

/** @param {Progress} progress @param {Known} known @returns {Told} */
function knownWords(progress, known) {
  const { alert, failure, slow } = progress;
  const why = failure ? [failureWords(failure)] : [];
  switch (progress.known) {
    case "raising":
      return { headline: t("Raising…"), lines: slow ? [t("Streha has not answered yet.")] : [], urgent: [] };
    case "not_raised":
      return { headline: notRaised(progress.status), lines: [...why, staying()], urgent: [] };
    case "out_of_sight":
      return {
        headline: t("Raised {time}, but Streha does not answer now: nobody knows here whether it was accepted.", {
          time: alert ? time(alert.sent) : "",
        }),
        lines: [...why, staying()],
        urgent: [],
      };
    default:
      return alert ? alertWords(alert, known) : { headline: "", lines: [], urgent: [] };
  }
}

/** Whether the raiser should be told whom to ring. @param {Progress} progress */
export function shouldRing(progress) {
  if (progress.status === "Exercise") return false;
  if (progress.known === "accepted" && progress.alert) return policeWords(progress.alert).length > 0;
  if (isSettled(progress) || progress.stop === "passed_on") return false;
  return progress.known !== "raising" || progress.slow;
}

/** Why the raiser must not sign out now, or nothing. @param {readonly Progress[]} raises */
export function stayWords(raises) {
  const kept = raises.filter(isUnsent);
  if (kept.some((each) => each.stop)) return t("Your stop is not passed on yet. Wait before you sign out.");
  return kept.length ? t("Your call is not stored yet. Wait, or stop it before you sign out.") : "";
}

/** @param {Alert} alert @param {Known} known @returns {Told} */
function alertWords(alert, known) {
  if (alert.state === "stood_down") {
    const headline = isDrill(alert) ? t("ENDED: the drill is over.") : t("ENDED: somebody has stood it down.");
    return { headline, lines: [endedWords(alert, known)], urgent: [] };
  }
  const accepted = acceptances(alert);
  if (accepted.length) {
    const people = accepted.map((each) => `${personName(each.person, known, alert)} (${time(each.at)})`);
    const silent = silentAgencies(alert);
    const still = t("Still silent: {agencies}. They are being called.", { agencies: agencyNames(silent, known) });
    const headline = t("ACCEPTED by {people}.", { people: listed(people) });
    return { headline, lines: silent.length ? [still] : [], urgent: policeWords(alert) };
  }
  const { reached, missed } = roomNames(alert, known);
  const unreached = unreachedPeople(alert);
  const urgent = [];
  if (unreached.length) {
    const people = peopleNames(unreached, known, alert);
    urgent.push(t("NOT reached on any device: {people}. Ring them.", { people }));
  }
  if (missed) urgent.push(t("NOT delivered: {rooms}. Ring them yourself.", { rooms: missed }));
  if (!reached) return { headline: t("STORED. It has reached nobody yet."), lines: [staying()], urgent };
  return {
    headline: t("DELIVERED to {count} rooms. Nobody has accepted yet.", { count: rooms(alert).reached.length }),
    lines: [t("Delivered to: {rooms}.", { rooms: reached }), staying()],
    urgent,
  };
}

/** What the raiser should do where nobody is known to have called the police. @param {Alert} alert */
function policeWords(alert) {
  if (isDrill(alert)) return [];
  if (alert.police === "unanswered") return [t("Nobody has said that the police was called. Call.")];
  if (alert.police === "not_called") return [t("The police was NOT called. In danger call.")];
  return alert.police === "asked" || alert.police === "unknown" ? [t("Police: NOT known to be called.")] : [];
}

/** Who ended an alert, when and why. @param {Alert} alert @param {Known} known */
export function endedWords(alert, known) {
  return t("Ended {time} by {person}: {reason}.", {
    time: alert.stood_down_at ? time(alert.stood_down_at) : "",
    person: alert.stood_down_by ? personName(alert.stood_down_by, known, alert) : t("Streha"),
    reason: reasonWords(alert.stand_down_reason),
  });
}

/** What a raiser's own word that it is over has done. @param {Alert | null | undefined} alert */
export function passedOnWords(alert) {
  if (!isPaused(alert)) return t("Your word was passed on. Calling goes on until somebody who accepted ends it.");
  return t("Your word was passed on. Calling pauses until {time}; then it goes on unless somebody has ended it.", {
    time: time(alert.paused_until),
  });
}

/**
 * @param {Alert | null | undefined} alert
 * @returns {alert is Alert & { paused_until: string }}
 */
export function isPaused(alert) {
  return Date.parse(alert?.paused_until ?? "") > serverNow();
}

/** @param {Progress} progress @param {Known} known @returns {Told} */
function stopWords({ stop, failure, alert, ...progress }, known) {
  switch (stop) {
    case "passed_on": {
      const passedOn = passedOnWords(alert);
      if (!alert || progress.known !== "accepted") return { headline: passedOn, lines: [], urgent: [] };
      const told = alertWords(alert, known);
      return { ...told, lines: [passedOn, ...told.lines] };
    }
    case "never_stored":
      return { headline: t("Stopped. Nothing was stored, and nobody was called."), lines: [], urgent: [] };
    default:
      return {
        headline: failure ? t("NOT stopped yet: people may still be called.") : t("Stopping…"),
        lines: failure ? [failureWords(failure), staying()] : [],
        urgent: [],
      };
  }
}

/** @param {import("./types.js").Status} status */
function notRaised(status) {
  return status === "Exercise" ? t("The drill was NOT started.") : t("NOT raised.");
}

function staying() {
  return t("Trying again every {seconds} seconds.", { seconds: REPEAT_MS / 1000 });
}

/** @param {string} at */
function time(at) {
  return moment(Date.parse(at), serverNow());
}
