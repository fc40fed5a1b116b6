// What the vault takes from other people's packages, in a module of its own, `vendor/vault/vault.js`: nobody who does not
// open sealed records waits for it. Nothing of our own belongs here.
import { decode, encode } from "cborg";
import sodium from "libsodium-wrappers-sumo";

await sodium.ready;

export const cbor = { decode, encode };
export { sodium };
