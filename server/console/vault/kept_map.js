/**
 * A map of which a copy costs nothing, however much is in it: both share what neither has changed since. So the state
 * after every entry of a log can be kept. It says nothing of an order.
 *
 * Within it is a tree of sixteen branches, by the bits of a hash of the key. The hash begins with chance: nobody can choose
 * names that all come to lie in one place.
 */

/** @typedef {import("./kept_slot.js").Slot} Slot */

const BRANCHES = 16;
const BITS = 4;
const BEGINNING = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;

/** @template Value */
export class KeptMap {
  constructor() {
    /** @type {Slot} */
    this.root = undefined;
    this.size = 0;
  }

  /** @returns {KeptMap<Value>} another that is changed for itself from here on */
  copied() {
    const copy = new KeptMap();
    copy.root = this.root;
    copy.size = this.size;
    return copy;
  }

  /** @param {string} key @returns {Value | undefined} */
  get(key) {
    return entryOf(this.root, key)?.[1];
  }

  /** @param {string} key @returns {boolean} */
  has(key) {
    return entryOf(this.root, key) !== undefined;
  }

  /** @param {string} key @param {Value} value @returns {this} */
  set(key, value) {
    if (!this.has(key)) this.size += 1;
    this.root = put(this.root, 0, hashOf(key), key, value);
    return this;
  }

  /** @param {string} key @returns {boolean} whether it was there */
  delete(key) {
    if (!this.has(key)) return false;
    this.size -= 1;
    this.root = without(this.root, 0, hashOf(key), key);
    return true;
  }

  /** @returns {IterableIterator<[string, Value]>} as it is now, whatever is changed meanwhile */
  *[Symbol.iterator]() {
    yield* entriesOf(this.root);
  }

  /** @returns {IterableIterator<string>} */
  *keys() {
    for (const [key] of this) yield key;
  }

  /** @returns {IterableIterator<Value>} */
  *values() {
    for (const [, value] of this) yield value;
  }
}

/** @param {string} key @returns {number} FNV-1a, stirred at the end (its low bits are the first branch) */
function hashOf(key) {
  let hash = BEGINNING;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** @param {Slot} root @param {string} key @returns {[string, any] | undefined} */
function entryOf(root, key) {
  const hash = hashOf(key);
  let slot = root;
  for (let shift = 0; Array.isArray(slot); shift += BITS) slot = slot[branch(hash, shift)];
  return slot?.entries.find(([each]) => each === key);
}

/** @param {Slot} slot @param {number} shift @param {number} hash @param {string} key @param {any} value @returns {Slot} */
function put(slot, shift, hash, key, value) {
  if (slot === undefined) return { hash, entries: [[key, value]] };
  if (!Array.isArray(slot)) {
    if (slot.hash === hash) return { hash, entries: [...slot.entries.filter(([each]) => each !== key), [key, value]] };
    return put(changed(emptyNode(), branch(slot.hash, shift), slot), shift, hash, key, value);
  }
  const at = branch(hash, shift);
  return changed(slot, at, put(slot[at], shift + BITS, hash, key, value));
}

/** @param {Slot} slot @param {number} shift @param {number} hash @param {string} key @returns {Slot} */
function without(slot, shift, hash, key) {
  if (!Array.isArray(slot)) {
    const entries = slot?.entries.filter(([each]) => each !== key) ?? [];
    return entries.length ? { hash, entries } : undefined;
  }
  const at = branch(hash, shift);
  const node = changed(slot, at, without(slot[at], shift + BITS, hash, key));
  return node.every((each) => each === undefined) ? undefined : node;
}

/** @param {Slot} slot @returns {IterableIterator<[string, any]>} */
function* entriesOf(slot) {
  if (Array.isArray(slot)) for (const each of slot) yield* entriesOf(each);
  else if (slot) yield* slot.entries;
}

/** @param {Slot[]} node @param {number} at @param {Slot} slot @returns {Slot[]} */
function changed(node, at, slot) {
  const copy = node.slice();
  copy[at] = slot;
  return copy;
}

/** @returns {undefined[]} */
function emptyNode() {
  return new Array(BRANCHES).fill(undefined);
}

/** @param {number} hash @param {number} shift @returns {number} */
function branch(hash, shift) {
  return (hash >>> shift) & (BRANCHES - 1);
}
