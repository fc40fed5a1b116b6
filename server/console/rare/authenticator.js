/**
 * Passkeys as the browser gives them (WebAuthn), and as the API takes them. What an authenticator says besides, above all
 * what it gives for the vault, never leaves the page: so nothing of an answer is sent but the fields named here.
 */
import { t } from "../texts.js";
import { failureWords } from "../words.js";

/**
 * @typedef {import("../types.js").Ask} Ask
 * @typedef {import("../types.js").Passkey} Passkey
 * @typedef {import("../types.js").Passkeys} Passkeys
 */

const PATIENCE_MS = 120_000;
const text = (/** @type {unknown} */ value) => typeof value === "string";
const list = Array.isArray;
const PASSKEY = { id: text, number: text, credential: text, added_at: text };

/** Sign this browser in with whatever passkey its owner chooses. @param {Ask} ask */
export async function signIn(ask) {
  const { challenge, host } = await ask("POST", "/api/sign-in/passkey-challenges", { challenge: text, host: text });
  const given = await navigator.credentials.get({
    publicKey: { challenge: bytes(challenge), rpId: host, userVerification: "required", timeout: PATIENCE_MS },
  });
  const { rawId, response } = /** @type {PublicKeyCredential} */ (given);
  const answer = /** @type {AuthenticatorAssertionResponse} */ (response);
  await ask("POST", "/api/sign-in/passkey", { passkey: text }, {
    credential: base64(rawId),
    client_data: base64(answer.clientDataJSON),
    authenticator_data: base64(answer.authenticatorData),
    signature: base64(answer.signature),
    handle: base64(answer.userHandle ?? new ArrayBuffer(0)),
  });
}

const NUMBERS = /^[\d.]+$|^\[.*\]$/;

/** Whether there can be passkeys here: they are made for a name, never for an address of numbers. */
export function passkeysPossible() {
  return isSecureContext && "PublicKeyCredential" in globalThis && !NUMBERS.test(location.hostname);
}

/**
 * Let this device make a passkey, and add it.
 * @param {Ask} ask
 * @returns {Promise<{ passkey: Passkey, unlocks: boolean }>} and whether it can unlock sealed records too
 */
export async function addPasskey(ask) {
  const { made, unlocks } = await makePasskey(ask);
  return { passkey: await keepPasskey(ask, made), unlocks };
}

/**
 * Let this device make a passkey, of which the server does not know yet.
 * @param {Ask} ask
 * @returns {Promise<{ made: PublicKeyCredential, unlocks: boolean }>} and whether it can unlock sealed records
 */
export async function makePasskey(ask) {
  const asked = await ask("POST", "/api/passkeys/challenges", {
    challenge: text, host: text, handle: text, number: text, known: list, algorithms: list,
  });
  const name = `Streha ${asked.number}`;
  const made = /** @type {PublicKeyCredential} */ (await navigator.credentials.create({
    publicKey: {
      challenge: bytes(asked.challenge),
      rp: { id: asked.host, name: "Streha" },
      user: { id: bytes(asked.handle), name, displayName: name },
      pubKeyCredParams: asked.algorithms.map((/** @type {number} */ alg) => ({ type: "public-key", alg })),
      excludeCredentials: asked.known.map((/** @type {string} */ each) => ({ type: "public-key", id: bytes(each) })),
      authenticatorSelection: { residentKey: "required", requireResidentKey: true, userVerification: "required" },
      attestation: "none",
      extensions: { prf: {} },
      timeout: PATIENCE_MS,
    },
  }));
  return { made, unlocks: made.getClientExtensionResults().prf?.enabled === true };
}

/** Add a passkey that was just made. @param {Ask} ask @param {PublicKeyCredential} made @returns {Promise<Passkey>} */
export async function keepPasskey(ask, made) {
  const response = /** @type {AuthenticatorAttestationResponse} */ (made.response);
  return await ask("POST", "/api/passkeys", PASSKEY, {
    client_data: base64(response.clientDataJSON),
    attestation: base64(response.attestationObject),
  });
}

/** @param {Ask} ask @returns {Promise<Passkeys>} */
export async function ownPasskeys(ask) {
  return await ask("GET", "/api/passkeys", { passkeys: list });
}

/** @param {Ask} ask @param {string} id */
export async function removePasskey(ask, id) {
  await ask("DELETE", `/api/passkeys/${id}`);
}

/** Why it was not done: as the server says, or as the browser does. @param {any} error */
export function refusalWords(error) {
  if (!(error instanceof DOMException)) return failureWords(error);
  switch (error.name) {
    case "InvalidStateError": return t("This device has a passkey of yours already.");
    case "NotSupportedError": return t("This device cannot keep passkeys. Use a link: streha console");
    case "SecurityError": return t("Passkeys do not work at this address of the console. Use a link: streha console");
    default: return t("Nothing was done: the device gave no passkey, or nobody confirmed it in time. Try again.");
  }
}

/** @param {string} coded @returns {Uint8Array<ArrayBuffer>} */
export function bytes(coded) {
  return Uint8Array.from(atob(coded), (each) => each.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer */
function base64(buffer) {
  return btoa(Array.from(new Uint8Array(buffer), (each) => String.fromCharCode(each)).join(""));
}
