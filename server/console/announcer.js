/** What is said to those who do not look: politely, or at once. Each sentence is said once. */
import { useShown } from "./drawing.js";
import { html } from "./vendor/preact.js";

export function Announcer() {
  const polite = useShown((state) => state.polite);
  const urgent = useShown((state) => state.urgent);
  return html`
    <div class="unseen" aria-live="polite"><span key=${polite.number}>${polite.text}</span></div>
    <div class="unseen" aria-live="assertive"><span key=${urgent.number}>${urgent.text}</span></div>
  `;
}
