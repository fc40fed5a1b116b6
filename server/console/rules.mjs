// What the console's own modules keep to, beyond types: `node rules.mjs [FILES]` prints what does not, and fails.
// With `--sentences` it prints the sentences that they mark instead, as the language itself reads them.
// Modules are read with the parser of TypeScript, so that nothing hides in strings, templates or comments.
import { readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const HERE = dirname(fileURLToPath(import.meta.url));
const MOST_LINES = 200;
// Ways from a string to code or markup, places that outlive the page, and what tells of people outside of it.
const BANNED = new Set([
  "innerHTML", "outerHTML", "insertAdjacentHTML", "setHTMLUnsafe", "parseHTMLUnsafe", "dangerouslySetInnerHTML",
  "createContextualFragment", "DOMParser", "srcdoc", "eval", "Function", "write", "writeln", "sessionStorage",
  "indexedDB", "caches", "cookie", "cookieStore", "pushState", "Notification", "console", "Worker", "importScripts",
]);
// What few people need is imported when it is needed, by its plain name; and it may use what is there already.
const FROM = /^(?:\.\/(?:vendor\/preact|[a-z_]+)|\.\.\/vendor\/vault\/vault)\.js$/;
const FROM_RARE = /^(?:\.\/[a-z_]+|\.\.\/(?:vendor\/preact|[a-z_]+))\.js$/;
const RARE = /^\.\/rare\/[a-z_]+\.js$/;
const FROM_RECORDS = /^(?:\.\/[a-z_]+|\.\.\/(?:vendor\/preact|rare\/(?:authenticator|way_kinds)|vault\/[a-z_]+|[a-z_]+))\.js$/;
// What outlives the page or runs beside it has one module each, of the page of sealed records.
const PERMITTED = { "records/app.js": ["indexedDB"], "records/locksmith.js": ["Worker"] };
const REMEMBERED = /^[a-z-]*language$/;
const SEEN_ATTRIBUTE = /(?:^|\s)(?:aria-label|aria-description|aria-roledescription|aria-valuetext|alt|placeholder|title)=$/;
// What the server leaves empty of a module (COMMENT in server/api/console_files.py): it must be nothing but comments.
const COMMENT = /^[ \t]*(?:\/\/.*|\/\*(?:(?!\*\/)[\s\S])*\*\/[ \t]*)$/gm;
const LETTER = /\p{L}/u;

const arguments_ = process.argv.slice(2);
const names = arguments_.filter((each) => !each.startsWith("--"));
const files = names.length ? names : [HERE, ...["rare", "records", "vault"].map((each) => join(HERE, each))].flatMap(modulesIn);
const sentences = new Set();
let faults = 0;

for (const file of files) check(file);
if (arguments_.includes("--sentences")) console.log(JSON.stringify([...sentences].sort()));
else if (faults) process.exitCode = 1;

function modulesIn(folder) {
  return readdirSync(folder).filter((each) => each.endsWith(".js")).map((each) => join(folder, each));
}

function parsed(file, text) {
  return ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
}

function program(source) {
  return ts.createPrinter({ removeComments: true }).printFile(source);
}

function check(file) {
  const text = readFileSync(file, "utf8");
  const source = parsed(file, text);
  const tell = (node, fault) => {
    faults += 1;
    const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
    if (!arguments_.includes("--sentences")) console.log(`${basename(file)}:${line + 1}: ${fault}`);
  };
  if (program(source) !== program(parsed(file, text.replace(COMMENT, "")))) tell(source, "no comment, but served as one");
  if (text.split("\n").length - 1 > MOST_LINES) tell(source, `more than ${MOST_LINES} lines`);
  const place = file.split(/[\\/]/).slice(-2).join("/");
  const visit = (node) => {
    checkModules(node, tell, place.split("/")[0]);
    checkNames(node, tell, PERMITTED[place] ?? []);
    checkMarked(node, tell);
    if (ts.isTaggedTemplateExpression(node) && node.tag.getText(source) === "html") checkMarkup(node.template, tell);
    ts.forEachChild(node, visit);
  };
  visit(source);
}

function checkModules(node, tell, folder) {
  const from = node.moduleSpecifier;
  const allowed = { rare: FROM_RARE, records: FROM_RECORDS }[folder] ?? FROM;
  if (from && !allowed.test(from.text)) tell(node, `import from "${from.text}"`);
  if (node.kind === ts.SyntaxKind.ImportKeyword && ts.isCallExpression(node.parent)) {
    const [asked] = node.parent.arguments;
    if (!asked || !ts.isStringLiteral(asked) || !RARE.test(asked.text)) tell(node, "import while running");
  }
  const exportsDefault = ts.isExportAssignment(node) || node.kind === ts.SyntaxKind.DefaultKeyword;
  if (exportsDefault && !ts.isDefaultClause(node.parent)) tell(node, "default export");
}

function checkNames(node, tell, permitted) {
  const accessed = ts.isElementAccessExpression(node) && ts.isStringLiteralLike(node.argumentExpression);
  const name = ts.isIdentifier(node) ? node.text : accessed ? node.argumentExpression.text : undefined;
  if (name === undefined || inJsDoc(node)) return;
  if (BANNED.has(name) && !permitted.includes(name) && !asksPasskey(node)) tell(node, name);
  const assigned = ts.isPropertyAccessExpression(node.parent) && ts.isBinaryExpression(node.parent.parent);
  if (name === "title" && assigned && node.parent.expression.getText() === "document") tell(node, "title of the page");
  if (name === "localStorage" && !remembersLanguage(node)) tell(node, "localStorage for something but the language");
}

/** What a passkey is asked to work on is called so by WebAuthn: `prf: { eval: … }`, and nothing else. */
function asksPasskey(node) {
  const field = node.parent;
  const called = ts.isPropertyAssignment(field) && field.name === node && node.text === "eval";
  return called && ts.isPropertyAssignment(field.parent.parent) && field.parent.parent.name.getText() === "prf";
}

function inJsDoc(node) {
  for (let at = node; at; at = at.parent) if (ts.isJSDoc(at)) return true;
  return false;
}

function remembersLanguage(node) {
  const access = node.parent;
  const call = access.parent;
  const known = ts.isPropertyAccessExpression(access) && ["getItem", "setItem"].includes(access.name.text);
  const key = known && ts.isCallExpression(call) && call.expression === access && call.arguments[0];
  return Boolean(key) && ts.isStringLiteral(key) && REMEMBERED.test(key.text);
}

function checkMarked(node, tell) {
  if (!ts.isIdentifier(node) || node.text !== "t") return;
  if (ts.isFunctionDeclaration(node.parent) || ts.isImportSpecifier(node.parent) || inJsDoc(node)) return;
  const call = node.parent;
  const sentence = ts.isCallExpression(call) && call.expression === node ? call.arguments[0] : undefined;
  if (!sentence || !ts.isStringLiteral(sentence) || !sentence.getText().startsWith('"') || asJson(sentence) !== sentence.text) {
    tell(node, 't is called with one plain sentence in double quotes: t("…")');
    return;
  }
  sentences.add(sentence.text);
  const asked = [...sentence.text.matchAll(/\{(\w+)\}/g)].map((each) => each[1]);
  const given = call.arguments[1];
  const filled = !given ? [] : ts.isObjectLiteralExpression(given) ? given.properties.map((each) => each.name?.getText()) : asked;
  if (asked.some((each) => !filled.includes(each))) tell(node, `a parameter of "${sentence.text}" is not given`);
}

function asJson(literal) {
  try {
    return JSON.parse(literal.getText());
  } catch {
    return undefined;
  }
}

/** People read sentences in their language: no text of a view stands in the markup itself. */
function checkMarkup(template, tell) {
  const parts = ts.isNoSubstitutionTemplateLiteral(template) ? [] : template.templateSpans;
  let inside = "";
  let tag = false;
  const read = (text) => {
    for (const character of text) {
      if (character === (tag ? ">" : "<")) {
        if (!tag && LETTER.test(inside)) tell(template, `text in markup: ${inside.trim()}`);
        if (tag) checkAttributes(inside, template, tell);
        [tag, inside] = [!tag, ""];
      } else inside += character;
    }
  };
  read((parts.length ? template.head : template).text.replace(/<!--[^]*?-->/g, ""));
  for (const span of parts) {
    if (!tag || SEEN_ATTRIBUTE.test(inside)) literals(span.expression).forEach((each) => tell(each, `text in markup: ${each.text}`));
    inside += "\u0000";
    read(span.literal.text);
  }
  if (!tag && LETTER.test(inside)) tell(template, `text in markup: ${inside.trim()}`);
}

function checkAttributes(tag, template, tell) {
  const banned = tag.match(/\b(?:dangerouslySetInnerHTML|srcdoc|javascript:|on[a-z]+=")/i);
  if (banned) tell(template, banned[0]);
  for (const [, name, text] of tag.matchAll(/(\s[a-z-]+=)"([^"]*)"/g)) {
    if (SEEN_ATTRIBUTE.test(name) && LETTER.test(text)) tell(template, `text in markup: ${text}`);
  }
}

/** Return the literal texts that an expression may come to. */
function literals(node) {
  if (ts.isParenthesizedExpression(node)) return literals(node.expression);
  if (ts.isConditionalExpression(node)) return [...literals(node.whenTrue), ...literals(node.whenFalse)];
  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText();
    const left = ["||", "??", "+"].includes(operator) ? literals(node.left) : [];
    const right = ["&&", "||", "??", "+"].includes(operator) ? literals(node.right) : [];
    return [...left, ...right];
  }
  if (ts.isTemplateExpression(node)) {
    const texts = [node.head, ...node.templateSpans.map((each) => each.literal)];
    return [...texts.filter((each) => LETTER.test(each.text)), ...node.templateSpans.flatMap((each) => literals(each.expression))];
  }
  return ts.isStringLiteralLike(node) && LETTER.test(node.text) ? [node] : [];
}
