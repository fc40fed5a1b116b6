/**
 * What becomes of a link: taken up at once where nobody is signed in and no keys are kept, and otherwise only offered. The
 * person sees whose keys are kept here, by the name that the verified directory has for them, and what goes away.
 */
import { Failure } from "../api.js";
import { tellTabs } from "../tabs.js";
import { hex, same } from "../vault/bytes.js";
import { Refused, require } from "../vault/failures.js";
import { uuid } from "./coding.js";
import { handoverOf } from "./handover.js";
import { whoWords } from "./people.js";
import { recalled } from "./recalling.js";
import { isExpected, troubleOf } from "./trouble_of.js";

/** @typedef {import("./handover.js").Pairing} Pairing */
/** @typedef {import("./state.js").Offer} Offer */
/** @typedef {ReturnType<typeof createOffers>} Offers */

/** A link that was used, is too old, or is none: no other answer makes it worthless. */
const WORTHLESS = [400, 401, 404];

/**
 * @param {Pick<import("./state.js").Means, "api" | "memory">} means
 * @param {import("./store.js").Store} store
 * @param {import("./keeping.js").Keeping} keeping
 */
export function createOffers({ api, memory }, store, keeping) {
  /** Take up a link, or ask. @param {string} hash what stands behind the `#` of the address */
  async function begin(hash) {
    const { code, pairing } = handoverOf(hash);
    if (!code) return store.set({ trouble: { outcome: "no-link", failure: null } });
    store.set({ offer: null, trouble: null, link: "" });
    try {
      const [me, kept] = [await whoIsSignedIn(), (await memory.pairing()) ?? null];
      // Whoever is signed in already needs no more than the keys.
      const isMine = me !== null && pairing !== null && uuid(pairing.person) === me.id;
      const offer = { code: isMine ? "" : code, pairing, me, kept, whose: kept ? await nameOf(kept) : "" };
      if ((me && !isMine) || (kept && pairing)) store.set({ offer });
      else await take(offer);
    } catch (error) {
      // It stands in the address no more: what broke off is kept for another try.
      store.set({ trouble: troubleOf(error), link: isWorthless(error) ? "" : hash });
      if (!isExpected(error)) throw error;
    }
  }

  /** @returns {Promise<{ id: string, name: string } | null>} */
  async function whoIsSignedIn() {
    try {
      return (await api.board()).me;
    } catch (error) {
      if (error instanceof Failure && error.status === 401) return null;
      throw error;
    }
  }

  /** @param {Pairing} pairing @returns {Promise<string>} by what this browser has verified and remembered; empty where it never has */
  async function nameOf({ network, person }) {
    try {
      const known = await recalled(memory, network);
      return known ? whoWords(known, hex(person)) : "";
    } catch (error) {
      if (error instanceof Refused) return "";
      throw error;
    }
  }

  /** @param {Offer} offer */
  async function take({ code, pairing, me, kept }) {
    // Keys that were offered open for nobody once others have their place.
    require(!pairing || !(await memory.joining()), "joining-waits");
    // Whoever is signed in needs not even lock anything to know what the link is worth.
    if (pairing && !code) await requireUnused(pairing);
    // Streha ends the session before together with its beginning the new one: a link that is worth nothing signs nobody out.
    if (code) await signedIn(code);
    if (code && me) tellTabs("signed-out");
    keeping.lock();
    if (pairing) {
      const now = await api.board();
      require(now.me.id === uuid(pairing.person), "another-person");
      if (code) await requireUnused(pairing);
      // Other tabs have the keys of before: what is written there is sealed to those.
      tellTabs("locked");
      if (!kept) await memory.pair(pairing);
      // Whether the link opens anything nobody knows yet, and anybody may have made it: what opens the keys here stays until then.
      else if (isSame(kept, pairing)) await memory.pair({ ...pairing, before: kept.handedOver && kept.before ? kept.before : kept });
      else await memory.replace(pairing);
    }
    keeping.anew();
    store.set({ offer: null, stage: (await memory.pairing()) ? "locked" : "no_keys" });
  }

  /** @param {string} code */
  async function signedIn(code) {
    await api.signIn(code).catch((error) => {
      throw error instanceof Failure && error.status === 401 ? new Refused("spent-link") : error;
    });
  }

  /** The keys that a link brings lie at the server until they were unlocked once. @param {Pairing} pairing */
  async function requireUnused({ bundle }) {
    await api.bundle(bundle).catch((error) => {
      throw error instanceof Failure && error.status === 404 ? new Refused("used-link") : error;
    });
  }

  return {
    begin,
    /** Take up the link that was offered. */
    async accept() {
      const { offer, busy } = store.get();
      if (!offer || busy) return;
      store.set({ busy: "linking", trouble: null, done: "" });
      try {
        await take(offer);
      } catch (error) {
        // What broke off may be tried again; whoever was signed in may be so no more.
        const me = await whoIsSignedIn().catch(() => offer.me);
        store.set({ trouble: troubleOf(error), offer: isWorthless(error) ? null : { ...offer, me } });
        if (!me) keeping.signedOut();
        if (!isExpected(error)) throw error;
      } finally {
        store.set({ busy: "" });
      }
    },
    /** Try once more what a lost connection broke off. */
    again: () => begin(store.get().link),
    decline: () => store.set({ offer: null, trouble: null }),
  };
}

/** @param {unknown} error @returns {boolean} whether no other try could go better */
function isWorthless(error) {
  return error instanceof Refused || (error instanceof Failure && WORTHLESS.includes(error.status));
}

/** Whether it brings the same person's keys for the same network. @param {Pairing | null} kept @param {Pairing | null} pairing */
export function isSame(kept, pairing) {
  return kept !== null && pairing !== null && same(kept.person, pairing.person) && same(kept.network, pairing.network);
}
