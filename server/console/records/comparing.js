/**
 * In which lines two texts differ: the same lines, in the same order, as `streha record diff` writes. What is the same is found as
 * Python's `difflib` finds it: the longest run of equal lines, the first of those, and then left and right of it in the same way.
 */

/** @typedef {{ one: number, other: number, size: number }} Run equal lines, from where in each text */
/** @typedef {{ same: boolean, one: [number, number], other: [number, number] }} Part the lines from and up to */

const AROUND = 3;
/** In texts as long as this, lines that stand in more than a hundredth of all places say nothing of what belongs together. */
const LONG = 200;

/** @param {string} one @param {string} other @param {[string, string]} names @returns {string[]} */
export function difference(one, other, names) {
  const [before, after] = [linesOf(one), linesOf(other)];
  /** @type {string[]} */
  const lines = [];
  for (const group of grouped(partsOf(before, after))) {
    if (!lines.length) lines.push(`--- ${names[0]}`, `+++ ${names[1]}`);
    const [first, last] = [/** @type {Part} */ (group[0]), /** @type {Part} */ (group.at(-1))];
    lines.push(`@@ -${rangeOf(first.one[0], last.one[1])} +${rangeOf(first.other[0], last.other[1])} @@`);
    for (const part of group) {
      const gone = before.slice(...part.one);
      if (part.same) lines.push(...gone.map((each) => ` ${each}`));
      else lines.push(...gone.map((each) => `-${each}`), ...after.slice(...part.other).map((each) => `+${each}`));
    }
  }
  return lines;
}

/** @param {string} text @returns {string[]} */
function linesOf(text) {
  // eslint-disable-next-line no-control-regex
  const lines = text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** @param {number} from @param {number} to */
function rangeOf(from, to) {
  if (to - from === 1) return `${from + 1}`;
  return `${to === from ? from : from + 1},${to - from}`;
}

/** @param {string[]} one @param {string[]} other @returns {Run[]} in their order, no two of them beside each other */
function runsOf(one, other) {
  /** @type {Map<string, number[]>} */
  const places = new Map();
  other.forEach((line, at) => void (places.get(line)?.push(at) ?? places.set(line, [at])));
  const most = other.length >= LONG ? Math.floor(other.length / 100) + 1 : Infinity;
  for (const [line, at] of places) if (at.length > most) places.delete(line);
  /** @type {Run[]} */
  const found = [];
  const waiting = [{ one: [0, one.length], other: [0, other.length] }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [[from = 0, to = 0], [start = 0, end = 0]] = [next.one, next.other];
    const run = longest(one, other, places, [from, to], [start, end]);
    if (!run.size) continue;
    found.push(run);
    waiting.push({ one: [from, run.one], other: [start, run.other] }, { one: [run.one + run.size, to], other: [run.other + run.size, end] });
  }
  found.sort((left, right) => left.one - right.one);
  return found.reduce((/** @type {Run[]} */ joined, run) => {
    const last = joined.at(-1);
    if (last && last.one + last.size === run.one && last.other + last.size === run.other) last.size += run.size;
    else joined.push({ ...run });
    return joined;
  }, []);
}

/** @param {string[]} one @param {string[]} other @param {Map<string, number[]>} places @param {[number, number]} inOne @param {[number, number]} inOther @returns {Run} */
function longest(one, other, places, [from, to], [start, end]) {
  let best = { one: from, other: start, size: 0 };
  /** How long the run is that ends at a place of the other text, at the line before. @type {Map<number, number>} */
  let before = new Map();
  for (let at = from; at < to; at += 1) {
    const here = new Map();
    for (const place of places.get(/** @type {string} */ (one[at])) ?? []) {
      if (place < start) continue;
      if (place >= end) break;
      const size = (before.get(place - 1) ?? 0) + 1;
      here.set(place, size);
      if (size > best.size) best = { one: at - size + 1, other: place - size + 1, size };
    }
    before = here;
  }
  while (best.one > from && best.other > start && one[best.one - 1] === other[best.other - 1]) {
    best = { one: best.one - 1, other: best.other - 1, size: best.size + 1 };
  }
  while (best.one + best.size < to && best.other + best.size < end && one[best.one + best.size] === other[best.other + best.size]) best.size += 1;
  return best;
}

/** @param {string[]} one @param {string[]} other @returns {Part[]} all of both texts */
function partsOf(one, other) {
  /** @type {Part[]} */
  const parts = [];
  let [at, place] = [0, 0];
  for (const run of [...runsOf(one, other), { one: one.length, other: other.length, size: 0 }]) {
    if (at < run.one || place < run.other) parts.push({ same: false, one: [at, run.one], other: [place, run.other] });
    if (run.size) parts.push({ same: true, one: [run.one, run.one + run.size], other: [run.other, run.other + run.size] });
    [at, place] = [run.one + run.size, run.other + run.size];
  }
  return parts;
}

/** @param {Part[]} parts @returns {Part[][]} what differs, with a few lines around; what is far from all that is left out */
function grouped(parts) {
  /** @type {Part[][]} */
  const groups = [[]];
  const isLast = (/** @type {number} */ nth) => nth === parts.length - 1;
  parts.forEach((part, nth) => {
    const group = /** @type {Part[]} */ (groups.at(-1));
    const { one: [from, to], other: [start, end] } = part;
    if (!part.same) return void group.push(part);
    if (nth === 0) return void group.push({ same: true, one: [Math.max(from, to - AROUND), to], other: [Math.max(start, end - AROUND), end] });
    const head = { same: true, one: /** @type {[number, number]} */ ([from, Math.min(to, from + AROUND)]), other: /** @type {[number, number]} */ ([start, Math.min(end, start + AROUND)]) };
    if (isLast(nth)) return void group.push(head);
    if (to - from <= 2 * AROUND) return void group.push(part);
    group.push(head);
    groups.push([{ same: true, one: [Math.max(from, to - AROUND), to], other: [Math.max(start, end - AROUND), end] }]);
  });
  return groups.filter((group) => group.some((part) => !part.same));
}
