/**
 * Signing in with a person's own keys while they are unlocked: a signed challenge, the key's session that it gives, a link of
 * that, and the browser's own session. The key's session ends before the browser's begins: no token stays with a script.
 */
import { Failure } from "../api.js";
import { answered } from "../vault/challenge.js";
import { require } from "../vault/failures.js";

/**
 * Whoever else is signed in here: their session must not end over this.
 * @param {import("./vault_api.js").VaultApi} api
 * @param {string} me
 * @returns {Promise<boolean>} whether it is oneself who is signed in
 */
export async function requireNobodyElse(api, me) {
  try {
    require((await api.board()).me.id === me, "somebody-else");
    return true;
  } catch (error) {
    if (!(error instanceof Failure) || error.status !== 401) throw error;
    return false;
  }
}

/**
 * @param {import("./vault_api.js").VaultApi} api
 * @param {Uint8Array} seed
 * @param {Uint8Array} person
 * @param {string} origin of this page
 * @returns {Promise<boolean>} whether the server knows these keys as theirs
 */
export async function signedIn(api, seed, person, origin) {
  const { nonce, network } = await api.challenge(person);
  /** @type {string} */
  let token;
  try {
    token = await api.session(person, nonce, answered(seed, network, origin, person, nonce));
  } catch (error) {
    if (error instanceof Failure && error.status === 401) return false;
    throw error;
  }
  const code = await api.link(token);
  // Where this does not get through, it ends by itself.
  await api.endSession(token).catch(() => null);
  await api.signIn(code);
  return true;
}
