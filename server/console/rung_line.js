/**
 * Where something rings this person that is no alert, it is told on every screen: fetched when it first does. It stands
 * above the switches: the first touch turns sound on, which changes their length, and would move it from under the thumb.
 */
import { useShown } from "./drawing.js";
import { later } from "./later.js";
import { html } from "./vendor/preact.js";

const Rung = later(async () => (await import("./rare/rung.js")).Rung);

export function RungLine() {
  const rung = useShown((state) => state.facts?.rung);
  return rung && (rung.rings.length || rung.calls.length) ? html`<${Rung} />` : null;
}
