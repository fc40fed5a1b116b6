/**
 * What a passkey gives for a bundle of kind 2 instead of a secret that rests on the device (docs/protocol.md, *Bundle*):
 * 32 bytes that the authenticator makes, after it has verified its owner, from a key of the passkey's and our label
 * (WebAuthn's extension `prf`). They go nowhere but into the opening of a bundle; nothing of them is sent or stored.
 */

export const PASSKEY_SALT = "streha/passkey-secret/v1\0";
const SECRET_BYTES = 32;
const PATIENCE_MS = 120_000;

/** The passkey that was shown, or its device, gives nothing for the vault: a secret on the device is the way then. */
export class NoSecret extends Error {}

/**
 * Ask for the secret of a passkey, or of whichever its owner chooses.
 * @param {Uint8Array<ArrayBuffer>} [credentialId]
 * @returns {Promise<Uint8Array>} 32 bytes
 */
export async function passkeySecret(credentialId) {
  return (await shown(credentialId ? [credentialId] : [])).secret;
}

/**
 * Ask for the secret of one of these passkeys, and tell which it was.
 * @param {{ id: string, credential: Uint8Array<ArrayBuffer> }[]} passkeys
 * @returns {Promise<{ id: string, credential: Uint8Array<ArrayBuffer>, secret: Uint8Array }>}
 */
export async function passkeySecretAmong(passkeys) {
  const { credential, secret } = await shown(passkeys.map((each) => each.credential));
  const passkey = passkeys.find((each) => each.credential.join() === credential.join());
  if (!passkey) throw new NoSecret();
  return { ...passkey, secret };
}

/** @param {Uint8Array<ArrayBuffer>[]} among @returns {Promise<{ credential: Uint8Array, secret: Uint8Array }>} */
async function shown(among) {
  const given = await navigator.credentials.get({
    publicKey: {
      // Nobody verifies the answer: what counts is what the bundle is opened with.
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      rpId: location.hostname,
      allowCredentials: among.map((id) => ({ type: "public-key", id })),
      userVerification: "required",
      extensions: { prf: { eval: { first: new TextEncoder().encode(PASSKEY_SALT) } } },
      timeout: PATIENCE_MS,
    },
  });
  const passkey = /** @type {PublicKeyCredential} */ (given);
  const first = passkey.getClientExtensionResults().prf?.results?.first;
  if (!(first instanceof ArrayBuffer) || first.byteLength !== SECRET_BYTES) throw new NoSecret();
  return { credential: new Uint8Array(passkey.rawId), secret: new Uint8Array(first) };
}
