/** Proposals that wait: found by their hash, and by whoever has a part in them, as in `agencies/trust/waiting.py`. */
import { KeptMap } from "./kept_map.js";

/** @template {{ hash: string }} Proposal */
export class Waiting {
  /** @param {(proposal: Proposal) => string[]} concerns those with whom it could fall */
  constructor(concerns) {
    this.concerns = concerns;
    /** @type {KeptMap<Proposal>} */
    this.all = new KeptMap();
    /** @type {KeptMap<KeptMap<true>>} */
    this.hashesOf = new KeptMap();
  }

  /** @returns {Waiting<Proposal>} another that is changed for itself from here on */
  copied() {
    const copy = new Waiting(this.concerns);
    copy.all = this.all.copied();
    copy.hashesOf = this.hashesOf.copied();
    return copy;
  }

  /** @param {string} hash @returns {Proposal | undefined} */
  get(hash) {
    return this.all.get(hash);
  }

  /** @returns {IterableIterator<string>} the hashes */
  keys() {
    return this.all.keys();
  }

  /** @returns {IterableIterator<Proposal>} */
  values() {
    return this.all.values();
  }

  /** @param {string} person @returns {Proposal[]} those that concern somebody */
  of(person) {
    return [...(this.hashesOf.get(person)?.keys() ?? [])].flatMap((hash) => this.all.get(hash) ?? []);
  }

  /** @param {Proposal} proposal one more, or another in the place of the one with its hash */
  put(proposal) {
    this.delete(proposal.hash);
    this.all.set(proposal.hash, proposal);
    for (const person of this.concerns(proposal)) {
      const hashes = this.hashesOf.get(person)?.copied() ?? new KeptMap();
      this.hashesOf.set(person, hashes.set(proposal.hash, true));
    }
  }

  /** @param {string} hash */
  delete(hash) {
    const proposal = this.all.get(hash);
    if (!proposal) return;
    this.all.delete(hash);
    for (const person of this.concerns(proposal)) {
      const hashes = this.hashesOf.get(person)?.copied() ?? new KeptMap();
      hashes.delete(hash);
      if (hashes.size) this.hashesOf.set(person, hashes);
      else this.hashesOf.delete(person);
    }
  }
}
