/** A link was opened where somebody is signed in or keys are kept: nothing changes unless somebody wants it. */
import { t } from "../texts.js";
import { html } from "../vendor/preact.js";
import { isSame } from "./offers.js";
import { useParts, useShown } from "./store.js";

export function OfferView() {
  const { offers } = useParts();
  const { offer, busy } = useShown();
  if (!offer) return null;
  return html`
    <section class="offer" aria-label=${t("A link was opened here")}>
      <h1>${t("A link was opened here")}</h1>
      ${offer.me && offer.code && html`<p>${t("You are signed in as {person}. Signing in with this link ends that.", { person: offer.me.name })}</p>`}
      ${offer.pairing && offer.kept && html`<p>${keysWords(offer)}</p>`}
      <div class="buttons">
        <button type="button" disabled=${busy !== ""} onClick=${offers.decline}>${t("Leave everything as it is")}</button>
        <button type="button" class="danger" disabled=${busy !== ""} onClick=${offers.accept}>${t("Take what the link brings")}</button>
      </div>
    </section>
  `;
}

/** @param {import("./state.js").Offer} offer */
function keysWords({ kept, pairing, whose }) {
  const person = whose || t("somebody whose name is not known here");
  return isSame(kept, pairing)
    ? t("This browser has the keys of {person}. The link brings them anew, and the same passphrase as on the machine that made it opens them.", { person })
    : t("This browser has the keys of {person}. With this link they go away, with all that it remembers. Texts that were begun here stay sealed until they are back.", { person });
}
