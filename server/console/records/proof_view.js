/** People were shown different histories: the proof can be saved, and whoever has cleared it up begins anew. */
import { t } from "../texts.js";
import { html, useState } from "../vendor/preact.js";
import { useParts, useShown } from "./store.js";

export function ProofView() {
  const { proving } = useParts();
  const { busy } = useShown();
  const [asked, ask] = useState(false);
  const save = () => proving.save((files) => {
    for (const { name, text } of files) {
      const link = document.createElement("a");
      link.download = name;
      link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
      link.click();
      URL.revokeObjectURL(link.href);
    }
  });
  return html`
    <section class="proof" aria-label=${t("The proof")}>
      ${asked && html`
        <p>${t("Only when whoever leads the case and the operator have cleared it up: what this browser remembers of these logs goes away, and everything is fetched and checked anew. The proof stays in this browser.")}</p>
      `}
      <div class="buttons">
        <button type="button" disabled=${busy !== ""} onClick=${save}>${t("Save the proof as a file")}</button>
        ${asked
          ? html`
              <button type="button" class="danger" disabled=${busy !== ""} onClick=${proving.settle}>${t("It was cleared up: begin anew")}</button>
              <button type="button" onClick=${() => ask(false)}>${t("Leave it stopped")}</button>
            `
          : html`<button type="button" disabled=${busy !== ""} onClick=${() => ask(true)}>${t("It was cleared up…")}</button>`}
      </div>
    </section>
  `;
}
