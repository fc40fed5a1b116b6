/**
 * The words people see. An English sentence is its own key; `t` marks it for the catalogues (`core/texts`), from
 * which the server cuts `/console/texts/<language>.json`. The language's code is all that the browser remembers.
 */

/** @type {Readonly<Record<string, string>>} */
export const LANGUAGES = { en: "English", "sr-Latn": "srpski", "sr-Cyrl": "српски" };

/** @type {Readonly<Record<string, string>>} */
let words = {};
let current = "en";
let wishes = 0;
// Whether the words of what few need are wanted too, and their coming.
let rare = false;
/** @type {Promise<void> | null} */
let rareWords = null;

/**
 * Return a sentence in the chosen language with its parameters filled in.
 * @param {string} sentence
 * @param {Readonly<Record<string, string | number>>} [parameters]
 * @returns {string}
 */
export function t(sentence, parameters = {}) {
  return (words[sentence] || sentence).replace(/\{(\w+)\}/g, (whole, /** @type {string} */ name) =>
    Object.hasOwn(parameters, name) ? String(parameters[name]) : whole,
  );
}

/** Return the code of the language that is spoken now. */
export function language() {
  return current;
}

/** Return the same for `Intl`. */
export function locale() {
  return current === "en" ? "en-GB" : current;
}

/**
 * Return the language to begin with: the one that was chosen here before, else the browser's first that is known.
 * @param {string | null} remembered
 * @param {readonly string[]} preferred
 */
export function firstLanguage(remembered, preferred) {
  if (remembered !== null && Object.hasOwn(LANGUAGES, remembered)) return remembered;
  for (const tag of preferred.map((each) => each.toLowerCase())) {
    if (tag.startsWith("en")) return "en";
    if (/^(sr|bs|cnr)\b/.test(tag)) return tag.includes("cyrl") ? "sr-Cyrl" : "sr-Latn";
  }
  return "en";
}

/**
 * Speak a language from now on. Where its words cannot be had the one before stays, and the answer is false. Words
 * that come after another wish change nothing.
 * @param {string} next
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<boolean>}
 */
export async function speak(next, fetch) {
  if (!Object.hasOwn(LANGUAGES, next)) return false;
  const wish = (wishes += 1);
  try {
    const wished = next === "en" ? {} : await wordsOf(next, fetch);
    if (wish !== wishes) return true;
    words = wished;
  } catch {
    return wish !== wishes;
  }
  current = next;
  return true;
}

/**
 * Have the words of what few need from now on, in every language. Fails where they cannot be had; then it is asked again.
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<void>}
 */
export function speakRare(fetch) {
  rare = true;
  return (rareWords ??= speak(current, fetch).then((done) => {
    if (done) return;
    rare = false;
    rareWords = null;
    throw new Error("no words");
  }));
}

/**
 * @param {string} next
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Record<string, string>>}
 */
async function wordsOf(next, fetch) {
  const parts = (rare ? ["", "rare/"] : [""]).map(async (part) => {
    const response = await fetch(`/console/texts/${part}${next}.json`, { signal: AbortSignal.timeout(8000) });
    if (!response.ok) throw new Error("no words");
    return await response.json();
  });
  return Object.assign({}, ...(await Promise.all(parts)));
}
