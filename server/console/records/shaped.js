/**
 * Texts of JSON held to their form: JSON Schema (2020-12), as much of it as Streha's forms use, and a rule that is not known
 * here lets nothing through. What was left out is filled in. The twin of `safety_plans/forms.py`, which says what is wrong;
 * here it is enough that something is.
 */

/** @typedef {{ [rule: string]: any }} Schema */

class Misshapen extends Error {}

const DAY = /^\d{4}-\d\d-\d\d$/;
/** Signs that are not seen: nobody could search or compare what holds them. */
const UNSEEN = /[^\P{C}\n\t]/u;

/**
 * @param {Schema} schema
 * @param {string} text as Streha's programs write it; nothing is taken out of another in silence, as JavaScript does with what stands twice
 * @returns {any} what it says, or null where it has not the form
 */
export function shaped(schema, text) {
  try {
    const found = JSON.parse(text);
    return `${JSON.stringify(found, null, 2)}\n` === text ? filled(schema, schema, found) : null;
  } catch (error) {
    if (error instanceof Misshapen || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** @type {Record<string, (given: any, value: any, part: Schema, root: Schema) => any>} each gives the value back, filled in */
const RULES = {
  $ref: (given, value, _, root) => filled(root, partOf(root, given), value),
  anyOf: (given, value, _, root) => firstOf(given, value, root),
  type: (given, value) => must(isOf(given, value), value),
  enum: (given, value) => must(given.includes(value), value),
  pattern: (given, value) => must(typeof value === "string" && new RegExp(given, "u").test(value), value),
  format: (given, value) => must(given === "date" && isDay(value), value),
  minLength: (given, value) => must([...value].length >= given, value),
  maxLength: (given, value) => must([...value].length <= given, value),
  maxItems: (given, value) => must(value.length <= given, value),
  minimum: (given, value) => must(value >= given, value),
  items: (given, value, _, root) => value.map((/** @type {any} */ each) => filled(root, given, each)),
  properties: (given, value, part, root) => withAll(given, value, part, root),
  additionalProperties: (given, value, part, root) => withOthers(given, value, part, root),
  // What helps people, and what is seen to elsewhere.
  required: (_, value) => value, default: (_, value) => value, title: (_, value) => value, description: (_, value) => value,
  $schema: (_, value) => value, $defs: (_, value) => value,
};

/** @param {Schema} root @param {Schema} part @param {any} value @returns {any} */
function filled(root, part, value) {
  if (typeof value === "string") must(!UNSEEN.test(value) && value === value.normalize("NFC"), value);
  // First what kind of thing it is: the other rules rest on it.
  const rules = Object.entries(part).sort(([one], [other]) => Number(other === "type") - Number(one === "type"));
  return rules.reduce((found, [rule, given]) => {
    const judge = Object.hasOwn(RULES, rule) ? RULES[rule] : undefined;
    if (!judge) throw new Misshapen(rule);
    return judge(given, found, part, root);
  }, value);
}

/** @param {boolean} holds @param {any} value */
function must(holds, value) {
  if (!holds) throw new Misshapen();
  return value;
}

/** @param {Schema} root @param {string} name */
function partOf(root, name) {
  const found = root.$defs[name.replace("#/$defs/", "")];
  return must(found !== undefined, found);
}

/** @param {Schema[]} choices @param {any} value @param {Schema} root */
function firstOf(choices, value, root) {
  for (const each of choices) {
    try {
      return filled(root, each, value);
    } catch (error) {
      if (!(error instanceof Misshapen)) throw error;
    }
  }
  throw new Misshapen();
}

/** @param {string} type @param {any} value @returns {boolean} */
function isOf(type, value) {
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  if (type === "integer") return Number.isSafeInteger(value);
  return type === "null" ? value === null : ["string", "boolean"].includes(type) && typeof value === type;
}

/** @param {any} value */
function isDay(value) {
  return typeof value === "string" && DAY.test(value) && new Date(`${value}T00:00Z`).toJSON()?.startsWith(value) === true;
}

/** @param {Record<string, Schema>} properties @param {any} value @param {Schema} part @param {Schema} root */
function withAll(properties, value, { required = [] }, root) {
  const found = { ...value };
  for (const [name, each] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) found[name] = filled(root, each, value[name]);
    else found[name] = filled(root, each, must(!required.includes(name), structuredClone(each.default)));
  }
  return found;
}

/** @param {boolean | Schema} others @param {any} value @param {Schema} part @param {Schema} root */
function withOthers(others, value, { properties = {} }, root) {
  const strange = Object.keys(value).filter((each) => !Object.hasOwn(properties, each));
  if (typeof others === "boolean") return must(others || strange.length === 0, value);
  return { ...value, ...Object.fromEntries(strange.map((each) => [each, filled(root, others, value[each])])) };
}
