/** What a refusal of the vault means and what to do about it: one sentence for each word of docs/protocol.md. */
import { t } from "../texts.js";
import { failureWords } from "../words.js";

const NOT_YOURS = ["not-empowered", "void"];
const ALTERED = [
  "not-whole", "not-deterministic", "not-as-written", "signature-wrong", "of-another-log", "of-another-place", "not-next",
];

/** @param {import("./state.js").Trouble} trouble @param {boolean} unlocking whether a passphrase was being tried */
export function troubleWords({ outcome, failure, about = "" }, unlocking = false) {
  // The server's own words, in which it says why it did not do something.
  if (failure) return failureWords(failure);
  if (outcome === "seal-broken") {
    return unlocking
      ? t("The passphrase does not open the keys of this browser. Look at the keyboard's language and type it again.")
      : t("This was altered after it was sealed. It is not shown. Tell whoever leads the case, and the operator.");
  }
  if (ALTERED.includes(outcome)) {
    return t("What the server gave is not what people have signed. Nothing of it was used. Tell whoever leads the case, and the operator.");
  }
  if (NOT_YOURS.includes(outcome)) return t("The rules do not let this stand: somebody may not do what was done here. Nothing of it was used.");
  switch (outcome) {
    case "forked": return about === "directory"
      ? t("The server has shown different directories to different people. Nothing was believed and the proof is kept. Tell an administrator of another agency, by a number you know, and the operator.")
      : t("The server has shown different histories to different people. Work here has stopped and the proof is kept. Ring whoever leads the case.");
    case "behind":
    case "truncated": return t("The server holds back entries that were there already. Nothing of it was used. Ring whoever leads the case, and tell the operator.");
    case "withheld": return t("The server does not give this version. Tell the operator, and ring its author.");
    case "kept-no-longer": return t("This was erased: whoever led here had said until when it is kept, and that day has come. Nobody can open it any more.");
    case "hidden": return t("This was read in this browser before, and now the server does not show it. It may keep it from you alone. Tell the operator, and ring whoever leads the case.");
    case "not-given-back": return t("Your text was placed, but it could not be read back from the server. It is kept sealed in this browser and is not counted as saved. Tell the operator, and throw it away only when another member has read it.");
    case "another-network": return t("This is not the network that your keys belong to. Nothing was opened. Ring your administrator.");
    case "not-of-the-network": return t("The network does not know you any more, or not yet. Ring your administrator.");
    case "unknown-version": return t("This was made by a later version of Streha. Tell the operator to update.");
    case "key-not-promised": return t("The key is not the one that everybody was promised. Nothing was opened. Ring whoever leads the case.");
    case "too-easy-to-guess": return t("The server asks for less protection of your passphrase than is safe. Do not type it again, and tell the operator.");
    case "too-hard-to-open": return t("This browser has too little memory to open your keys, or takes too long. Use another, or your own machine's command line.");
    case "no-bundle": return t("The server has no keys for this browser any more: they were taken away, or the passkey was removed. If that was not you, ring your administrator. To have them here anew, run: streha console --with-keys");
    case "link-opens-nothing": return t("The link brought keys that do not open with this passphrase. What opened your keys here before is in use again: unlock once more. If you did not make the link yourself, tell the operator.");
    case "no-passkey": return t("The device gave no passkey, or nobody confirmed it in time. Nothing has changed: try again. If the passkey is lost, remove it under This device on the board, and run: streha console --with-keys");
    case "no-passkey-secret": return t("The passkeys of this device cannot help to open records. Nothing has changed. If one was just made here, it signs nobody in: remove it from the device.");
    case "passkey-there": return t("This device has a passkey of yours already. Bind the keys to that.");
    case "another-passkey": return t("The server has kept another passkey than your device made. Nothing was bound. Remove it under This device on the board, and tell the operator.");
    case "wrong-passphrase": return t("The passphrase does not open the keys of this browser. Look at the keyboard's language and type it again.");
    case "other-passphrase": return t("What the server has for this passkey does not open with your passphrase. Nothing has changed. If you use another passphrase with this passkey elsewhere, type that; otherwise remove the passkey under This device on the board, make a new one, and tell the operator.");
    case "not-kept": return t("The server did not keep what was sealed for the passkey. Nothing has changed: this browser opens as before. Try again, and tell the operator.");
    case "not-opened": return t("No records can be kept here yet: whoever leads the case opens them with: streha compartment open");
    case "no-epoch": return t("Nobody has given you the keys of these records yet. Ask another member to open them, and to write anything.");
    case "keys-withheld": return t("The server keeps back keys that were given to you: what people have signed shows it. Nobody has forgotten you. Tell the operator, and whoever leads the case.");
    case "not-given": return t("This version is from before you were a member, and nobody has given it to you. Ask a member who can read it to run: streha record share");
    case "no-wrap": return t("The key of a record by {person} cannot be had: what the server holds of it is missing or broken. No new keys were made and nothing was saved. Tell the operator, and whoever leads the case.", { person: about });
    case "another-person": return t("Somebody else is signed in here than whose keys this browser holds. Sign in as yourself: streha console");
    case "no-link": return t("This link is not whole, or was made by a later version of Streha. Nothing was taken from it. Copy all of it, or have another one made.");
    case "spent-link": return t("This link was used before, or is too old. Nothing was taken from it. Have another one made: streha console");
    case "used-link": return t("The keys that this link brings were taken before, and are not there any more. The keys of this browser are as they were. For new ones, run: streha console --with-keys");
    case "no-text": return t("This version holds no text that can be shown here. Open it with the command line.");
    case "locked": return t("The records were locked meanwhile. Unlock them and try again.");
    case "memory-damaged": return t("What this browser remembers is damaged. Remove the keys from this browser and have them made anew: streha console --with-keys");
    case "another-case": return t("This codename meant another case before. Nothing was opened. Ring whoever leads the case, and tell the operator.");
    case "newer": return t("Somebody has written here meanwhile. Nothing of yours is saved yet, and nothing is lost. Read what is new, then decide.");
    case "erased": return t("This record was erased meanwhile. Nothing was saved; your text is still here.");
    case "paper-not-whole": return t("This is not a whole invitation: nine rows of four groups, and the address below them. Type it again.");
    case "paper-later": return t("Another version of Streha has made this invitation. Reload this page; if that does not help, have another paper made.");
    case "row-wrong": return t("Row {row} is not right. Look at it again, letter by letter.", { row: about });
    case "invitation-wrong": return t("Each row is right, but they do not belong together, or the address is another one. Look at the address, sign by sign.");
    case "another-address": return t("Your paper is for another address than this page's, {address}. Nothing was sent. Look at the address of this page sign by sign, and open the one on your paper.", { address: about });
    case "another-network-than-paper": return t("DANGER: the server shows another network than your paper. Nothing was believed. Ring whoever gave you the paper, by a number you know, before you do anything else.");
    case "another-past": return t("DANGER: the server's directory does not hold the entry that your paper names: it holds back entries, or shows another past. Nothing was believed. Ring whoever gave you the paper, by a number you know.");
    case "keys-not-named": return t("The directory does not name your keys for you. Ring your administrator: compare the code of your offer once more.");
    case "another-newcomer": return t("The directory does not know you as you offered yourself. Ring your administrator.");
    case "directory-wrong": return t("DANGER: the server's directory breaks the rules of the network ({word}). Nothing was believed. Tell an administrator of another agency, by a number you know.", { word: about });
    case "name-wrong": return t("A name has 1 to {limit} printable characters.", { limit: 200 });
    case "not-a-matrix-user": return t("A Matrix user looks like @name:server, in small letters.");
    case "not-as-drawn": return t("That is not what was shown. Look at your copy, or have it shown once more.");
    case "not-attested": return t("You are not attested yet; your offer waits. Read this code to your administrator when they ring you: {code}", { code: about });
    case "offer-gone": return t("You are not attested, and the server keeps no offer of yours: the invitation was used by somebody else, taken back, or its time is over. Ring whoever gave you the paper, by a number you know. If they say that they have signed and it only waits for others to agree, keep these keys and look again later. If not, give these keys up and begin anew with another paper.");
    case "somebody-else": return t("Somebody else is signed in in this browser. Let them sign out on the board first; or use a browser that is yours alone.");
    case "joining-waits": return t("Keys that were made here with an invitation wait to be attested. Nothing was taken from the link. To use it here, give those keys up first.");
    case "keys-refused": return t("The server does not know these keys as yours any more. Ring your administrator.");
    case "never-opened": return t("These keys were never unlocked in this browser yet. Sign in with a link once: streha console");
    case "unexpected": return t("This part of the page has failed. Reload the page, and tell the operator.");
    case "overtaken":
    case "memory-unavailable": return t("This browser lets nothing be remembered, or another tab was quicker. Try again; a private window cannot open records.");
    default: return t("This was refused. Nothing of it was used. Tell the operator.");
  }
}
