/** What is told of something that went wrong: a word of the vault, or what became of a request. */
import { Failure } from "../api.js";
import { Refused } from "../vault/failures.js";

/** @param {unknown} error @returns {import("./state.js").Trouble} */
export function troubleOf(error) {
  if (error instanceof Refused) return { outcome: error.outcome, about: error.about, failure: null };
  if (error instanceof Failure) return { outcome: error.outcome, failure: error };
  if (error instanceof DOMException) return { outcome: "memory-unavailable", failure: null };
  return { outcome: "unexpected", failure: null };
}
