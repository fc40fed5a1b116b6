/** Ending a session by hand: signing out, and signing in with a link although somebody is signed in. */
import { useConsole, useShown } from "./drawing.js";
import { offerWords } from "./entering.js";
import { t } from "./texts.js";
import { html, useState } from "./vendor/preact.js";

export function SignOut() {
  const { session } = useConsole();
  return html`<${Leave} words=${t("Sign out")} leave=${session.signOut} />`;
}

/** A link was opened here: whoever is signed in stays, unless somebody wants it otherwise. */
export function Offer() {
  const { session } = useConsole();
  const offered = useShown((state) => state.offered);
  const facts = useShown((state) => state.facts);
  if (!offered) return null;
  const stay = () => {
    session.stay();
    document.getElementById("main")?.focus();
  };
  return html`
    <section class="offer" aria-label=${t("Sign in to Streha")}>
      <p>${offerWords(facts)}</p>
      <div class="buttons">
        ${facts && html`<button type="button" onClick=${stay}>${t("Stay signed in")}</button>`}
        <${Leave} words=${t("Sign in with this link")} leave=${session.replace} />
      </div>
    </section>
  `;
}

/** A button that ends the session, or says why it goes on. @param {{ words: string, leave: () => Promise<string> }} props */
function Leave({ words, leave }) {
  const [refusal, refuse] = useState("");
  return html`
    <button type="button" onClick=${async () => refuse(await leave())}>${words}</button>
    ${refusal && html`<p class="urgent" role="alert">${refusal}</p>`}
  `;
}
