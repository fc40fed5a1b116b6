/**
 * How a session begins and ends by somebody's hand. A link that is opened where somebody is signed in replaces nobody
 * unasked; and where something else was wanted meanwhile, an answer that comes late has no effect any more.
 */
import { stayWords } from "./raise_words.js";
import { t } from "./texts.js";
import { failureWords } from "./words.js";

/** @typedef {import("./api.js").Failure} Failure */

// A link that was used, is too old, or is none: no other answer makes it worthless.
const WORTHLESS = [400, 401, 404];

/**
 * @param {object} means
 * @param {import("./api.js").Api} means.api
 * @param {import("./store.js").Store} means.store
 * @param {import("./raises.js").Raises} means.raises
 * @param {() => void} means.load Ask for the board: whoever is signed in gets it.
 * @param {(why: import("./types.js").State["why"], failure?: Failure) => void} means.end
 * @param {(text: string, urgent: boolean) => void} means.say
 */
export function createEntering({ api, store, raises, load, end, say }) {
  /** The one-time code of the link that was opened, as long as it is not used. */
  let code = "";
  let wish = 0;

  /** Load the board, or begin with the code of a link where there is one. @param {string} found */
  function begin(found) {
    const { session } = store.get();
    if (found && (session === "signed_in" || (session === "signed_out" && raises.unsent()))) return offer(found);
    enter(found);
  }

  /** @param {string} found */
  function enter(found) {
    wish += 1;
    end("");
    code = found;
    store.set({ session: "starting" });
    load();
  }

  /** @param {string} found */
  function offer(found) {
    code = found;
    store.set({ offered: true });
    say(offerWords(store.get().facts), true);
  }

  async function signIn() {
    const mine = (wish += 1);
    try {
      await api.signIn(code);
    } catch (error) {
      if (mine !== wish) return;
      const failure = /** @type {Failure} */ (error);
      return WORTHLESS.includes(failure.status) ? end("used", failure) : store.set({ failure });
    }
    if (mine !== wish) return;
    code = "";
    load();
  }

  /** @returns {Promise<string>} Why the session goes on; nothing where it has ended. */
  async function signOut() {
    const stay = stayWords(store.get().raises);
    if (stay) return stay;
    const mine = (wish += 1);
    try {
      await api.signOut();
    } catch (error) {
      const failure = /** @type {Failure} */ (error);
      if (mine !== wish) return "";
      if (failure.status !== 401) return t("You are NOT signed out. {why}", { why: failureWords(failure) });
    }
    if (mine !== wish) return "";
    raises.leave();
    end("left");
    store.set({ calling: { ...store.get().calling, channels: [] } });
    return "";
  }

  return {
    begin,
    signOut,
    again: () => enter(code),
    /** Somebody is signed in: a link is only offered then. */
    somebody() {
      if (code && !store.get().offered) offer(code);
    },
    /** Nobody is signed in: return whether a link is used now. */
    nobody() {
      if (!code || store.get().session !== "starting") return false;
      void signIn();
      return true;
    },
    /** Sign in with the link that was offered; whoever is signed in is signed out first. @returns {Promise<string>} Why not. */
    async replace() {
      const offered = code;
      if (store.get().session === "signed_out") return enter(offered), "";
      const why = await signOut();
      if (store.get().why === "left") begin(offered);
      return why;
    },
    /**
     * Sign in by another way than a link, which may take its time: nothing is over before it is done.
     * @param {() => Promise<void>} way
     * @param {(error: unknown) => string} words
     * @returns {Promise<string | undefined>} Why not.
     */
    async enterBy(way, words) {
      const mine = (wish += 1);
      try {
        await way();
      } catch (error) {
        return mine === wish ? words(error) : undefined;
      }
      if (mine !== wish) return undefined;
      end("");
      store.set({ session: "starting" });
      load();
      return undefined;
    },
    /** Leave the offered link alone. */
    stay() {
      code = "";
      store.set({ offered: false });
    },
    /** The session is over, and what was offered in it too. */
    forget() {
      code = "";
    },
  };
}

/** @param {import("./types.js").Facts | null} facts Nothing where nobody is signed in, but somebody's call is not stored. */
export function offerWords(facts) {
  if (!facts) return t("A call from here is not stored yet. Signing in as another person ends it.");
  return t("You are signed in as {person}. Signing in with this link ends that.", { person: facts.me.name });
}
