/**
 * What goes on while somebody is signed in: the board is loaded, the live stream followed, changes fetched, alerts
 * heard. Views ask for everything here.
 */
import { createEntering } from "./entering.js";
import { createHearing } from "./hearing.js";
import { isMine } from "./alert_facts.js";
import { unnamedAgencies } from "./names.js";
import { createRefresher, nameOf, wayOf } from "./refreshing.js";
import { emptied, unsaid } from "./store.js";
import { follow } from "./stream.js";
import { tellTabs } from "./tabs.js";
import { t } from "./texts.js";
import { createWarning } from "./warning.js";
import { isSignedOut } from "./words.js";

/**
 * @typedef {import("./api.js").Failure} Failure
 * @typedef {import("./types.js").State} State
 * @typedef {ReturnType<typeof createSession>} Session
 */

const RELOAD_MS = 60_000;

/**
 * @param {object} means
 * @param {import("./api.js").Api} means.api
 * @param {import("./types.js").Clock} means.clock
 * @param {typeof globalThis.fetch} means.fetch
 * @param {() => number} means.random
 * @param {(act: () => void) => void} means.soon
 * @param {import("./store.js").Store} means.store
 * @param {import("./knowledge.js").Knowledge} means.knowledge
 * @param {import("./raises.js").Raises} means.raises
 * @param {import("./sound.js").Sound} means.sound
 */
export function createSession({ api, clock, fetch, random, soon, store, knowledge, raises, sound }) {
  /** @type {ReturnType<typeof follow> | null} */
  let stream = null;
  let person = "";
  let callOffReload = () => {};
  // Whether ways and safe-calls are to be listed once the board has come: before, it is not known who asks.
  let waysToo = false;
  /** What the board was asked about once already: agencies without a name, raises in another's. @type {Set<string>} */
  const askedFor = new Set();

  const warning = createWarning({ clock, sound });
  const hearing = createHearing({ store, sound, say });
  const refresher = createRefresher({ clock, soon, fetch: fetchOne, mayRetry, behind: (behind) => store.set({ behind }) });
  const entering = createEntering({ api, store, raises, load, end, say });

  /** @param {string} name @returns {Promise<void>} */
  async function fetchOne(name) {
    if (name === "reviews" || name === "ways" || name === "safeCalls") return await knowledge[name]();
    if (wayOf(name)) return await knowledge.way(wayOf(name));
    if (name !== "board") return await knowledge.alert(name);
    const answer = await knowledge.board();
    if (!answer) return;
    const { board, missing } = answer;
    refresher.wantEach(missing);
    store.set({ session: "signed_in", why: "" });
    entering.somebody();
    callOffReload();
    // What nobody is told of by the stream (signs of life, names) is looked at now and then.
    callOffReload = clock.after(RELOAD_MS * (1 + random() / 4), load);
    stream?.from(board.position);
    if (waysToo) ["ways", "safeCalls"].forEach(refresher.want);
    waysToo = false;
    stream ??= follow({ fetch, clock, random, after: board.position, heard: change, changed, refused });
  }

  /** Everything that this person may see. */
  function load() {
    waysToo = true;
    refresher.want("board");
  }

  /** @param {Failure} failure @param {string} name */
  function mayRetry(failure, name) {
    if (failure.status === 401) {
      refused(failure);
      return false;
    }
    if (name === "board" && store.get().session === "starting") store.set({ failure });
    return true;
  }

  /** @param {string} name @param {any} data */
  function change(name, data) {
    store.set({ heardAt: clock.now() });
    if (name === "access" || name === "reset") {
      if (name === "access") {
        knowledge.doubt();
        store.set(unsaid(store.get()));
      }
      load();
    } else if (name === "change") {
      // A circle may have been closed, with what is planned in it.
      if (data.object === "case") load();
      else refresher.want(nameOf(data));
    }
  }

  /** @param {import("./types.js").Live} live */
  function changed(live) {
    const before = store.get().live.state;
    store.set({ live, heardAt: live.state === "live" ? clock.now() : store.get().heardAt });
    if (live.state === before) return;
    warning.heed(live.state);
    if (live.state === "live" && before !== "connecting") say(t("Live again."), false);
    if (live.state !== "live") say(t("NOT live. What you see may be old."), true);
  }

  /** @param {Failure} [failure] */
  function refused(failure) {
    if (entering.nobody()) return;
    end(store.get().facts ? "ended" : "none", failure);
  }

  /** @param {State["why"]} why @param {Failure} [failure] What the server said of it. */
  function end(why, failure) {
    // The page of records has keys in its memory that go with the session.
    if (store.get().facts) tellTabs("signed-out");
    stream?.stop();
    stream = null;
    refresher.stop();
    knowledge.forget();
    entering.forget();
    callOffReload();
    hearing.forget();
    warning.over(why === "ended");
    store.set(emptied(store.get(), why));
    if (failure?.status === 401 && !isSignedOut(failure)) {
      store.set({ failure });
      say(failure.detail, true);
    } else if (why === "ended") say(t("Your session has ended. Sign in again."), true);
  }

  /** @param {string} text @param {boolean} urgent */
  function say(text, urgent) {
    const channel = urgent ? "urgent" : "polite";
    store.set({ [channel]: { text, number: store.get()[channel].number + 1 } });
  }

  /** Somebody else signed in here or in another tab: nothing goes on as for the one before. @param {string} id */
  function anotherPerson(id) {
    if (person) tellTabs("signed-out");
    person = id;
    hearing.forget();
    askedFor.clear();
    waysToo = true;
    stream?.stop();
    stream = null;
  }

  /** Let what is new be heard, and let those who raised know how it goes. */
  function listen() {
    raises.see();
    const state = store.get();
    if (!state.facts) return;
    if (person !== state.facts.me.id) anotherPerson(state.facts.me.id);
    const me = state.facts.me.id;
    // A press that counts as another's: somebody else signed in by another tab.
    const others = state.raises.flatMap(({ alert }) => (alert && !isMine(alert, me) ? [alert.id] : []));
    const strange = [...unnamedAgencies(state.alerts, state.facts), ...others].filter((each) => !askedFor.has(each));
    if (strange.length) refresher.want("board");
    strange.forEach((each) => askedFor.add(each));
    hearing.listen();
  }

  let seen = store.get();
  store.follow(() => {
    const { alerts, facts } = seen;
    seen = store.get();
    if (alerts !== seen.alerts || facts !== seen.facts) listen();
  });

  return {
    begin: entering.begin,
    again: entering.again,
    replace: entering.replace,
    enterBy: entering.enterBy,
    stay: entering.stay,
    signOut: entering.signOut,
    /** Do not wait for timers that may have slept. */
    kick() {
      stream?.kick();
      refresher.kick();
      raises.kick();
    },
    silence: hearing.silence,
    hush: hearing.hush,
    say,
  };
}
