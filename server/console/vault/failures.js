/** Why something of the vault is refused: one word for each reason, as in `crypto/vault/failures.py`. */

/**
 * @typedef {"not-whole" | "unknown-version" | "not-deterministic" | "not-as-written" | "signature-wrong" | "seal-broken"
 *   | "of-another-place" | "key-not-promised" | "key-unusable" | "too-easy-to-guess" | "too-hard-to-open" | "not-next"
 *   | "of-another-log" | "forked" | "behind" | "row-wrong" | "invitation-wrong" | "not-empowered" | "void"} Protocol
 */
/**
 * What this browser refuses besides: what the server shows less of, holds back, or is not of the network that one trusts.
 * @typedef {"another-network" | "not-of-the-network" | "truncated" | "withheld" | "kept-no-longer" | "memory-damaged" | "not-opened"
 *   | "no-epoch" | "no-text" | "locked" | "overtaken" | "newer" | "erased" | "another-case"
 *   | "not-given-back" | "no-wrap" | "another-person" | "used-link" | "spent-link" | "keys-withheld" | "hidden" | "no-bundle" | "link-opens-nothing" | "no-passkey" | "no-passkey-secret"
 *   | "passkey-there" | "another-passkey" | "wrong-passphrase" | "other-passphrase" | "not-kept" | "not-given"
 *   | Joining} Own
 */
/**
 * What a newcomer's browser refuses: of the paper, of what they type, and of what the server shows before they are believed to be there.
 * @typedef {"paper-not-whole" | "paper-later" | "paper-rows" | "another-address" | "name-wrong" | "not-a-matrix-user" | "not-as-drawn"
 *   | "another-network-than-paper" | "another-past" | "keys-not-named" | "another-newcomer" | "directory-wrong" | "offer-gone" | "not-attested" | "somebody-else"
 *   | "joining-waits" | "memory-unavailable" | "keys-refused" | "never-opened"} Joining
 */
/** @typedef {Protocol | Own} Outcome */

/** Nothing of it may be used, shown or stored. */
export class Refused extends Error {
  /** @param {Outcome} outcome @param {string} [about] whose it is, where that has to be told */
  constructor(outcome, about = "") {
    super(outcome);
    this.outcome = outcome;
    this.about = about;
  }
}

/**
 * @param {boolean} holds
 * @param {Outcome} outcome
 * @returns {asserts holds}
 */
export function require(holds, outcome) {
  if (!holds) throw new Refused(outcome);
}
