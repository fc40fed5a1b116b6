/** What is told of something that went wrong: a word of the vault, or what became of a request. */
import { Failure } from "../api.js";
import { Refused } from "../vault/failures.js";

/** Anything else is a mistake of this program: told, and left for whoever looks for it. @param {unknown} error @returns {boolean} */
export function isExpected(error) {
  return error instanceof Refused || error instanceof Failure || error instanceof DOMException;
}

/** @param {unknown} error @returns {import("./state.js").Trouble} */
export function troubleOf(error) {
  if (error instanceof Refused) return { outcome: error.outcome, about: error.about, failure: null };
  if (error instanceof Failure) return { outcome: error.outcome, failure: error };
  if (error instanceof DOMException) return { outcome: "memory-unavailable", failure: null };
  return { outcome: "unexpected", failure: null };
}
