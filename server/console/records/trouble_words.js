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
    case "forked": return t("The server has shown different histories to different people. Work here has stopped and the proof is kept. Ring whoever leads the case.");
    case "behind":
    case "truncated": return t("The server holds back entries that were there already. Nothing of it was used. Ring whoever leads the case, and tell the operator.");
    case "withheld": return t("The server does not give this version. Tell the operator, and ring its author.");
    case "hidden": return t("This was read in this browser before, and now the server does not show it. It may keep it from you alone. Tell the operator, and ring whoever leads the case.");
    case "not-given-back": return t("Your text was placed, but it could not be read back from the server. It is kept sealed in this browser and is not counted as saved. Tell the operator, and throw it away only when another member has read it.");
    case "another-network": return t("This is not the network that your keys belong to. Nothing was opened. Ring your administrator.");
    case "not-of-the-network": return t("The network does not know you any more, or not yet. Ring your administrator.");
    case "unknown-version": return t("This was made by a later version of Streha. Tell the operator to update.");
    case "key-not-promised": return t("The key is not the one that everybody was promised. Nothing was opened. Ring whoever leads the case.");
    case "too-easy-to-guess": return t("The server asks for less protection of your passphrase than is safe. Do not type it again, and tell the operator.");
    case "too-hard-to-open": return t("This browser has too little memory to open your keys, or takes too long. Use another, or your own machine's command line.");
    case "no-bundle": return t("The server has no keys for this browser any more: they were taken away, or the passkey was removed. If that was not you, ring your administrator. To have them here anew, run: streha console --with-keys");
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
    case "unexpected": return t("This part of the page has failed. Reload the page, and tell the operator.");
    case "overtaken":
    case "memory-unavailable": return t("This browser lets nothing be remembered, or another tab was quicker. Try again; a private window cannot open records.");
    default: return t("This was refused. Nothing of it was used. Tell the operator.");
  }
}
