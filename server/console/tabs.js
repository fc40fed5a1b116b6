/**
 * What the tabs of one browser tell each other: that somebody signed out here, or had the records locked. One of these two
 * words, and nothing of anybody.
 */

/** @typedef {"signed-out" | "locked"} Word */

const CHANNEL = "streha";

/** @param {Word} word all other tabs are told */
export function tellTabs(word) {
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage(word);
  channel.close();
}

/** @param {(word: unknown) => void} act what another tab has told */
export function hearTabs(act) {
  new BroadcastChannel(CHANNEL).addEventListener("message", ({ data }) => act(data));
}
