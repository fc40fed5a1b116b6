/** The board: everything a duty officer must see at once. */
import { Alerts } from "./alerts.js";
import { useShown } from "./drawing.js";
import { Duty } from "./duty.js";
import { later } from "./later.js";
import { isOld } from "./live.js";
import { Proven, SignsOfLife } from "./proven.js";
import { Overdue, Reviews, ToOverdue } from "./reviews.js";
import { t } from "./texts.js";
import { html } from "./vendor/preact.js";

const Out = later(async () => (await import("./rare/out.js")).Out);

/** Few have any: what draws them is fetched for those alone. */
function OnTheWay() {
  const any = useShown((state) => Boolean(state.ways.known?.length));
  return any ? html`<${Out} />` : null;
}

export function BoardScreen() {
  const facts = useShown((state) => state.facts);
  const old = useShown(isOld);
  if (!facts) return null;
  return html`
    <main id="main" tabindex="-1" class=${old ? "board old" : "board"}>
      <h1>${t("Board")}</h1>
      <${ToOverdue} />
      <${SignsOfLife} facts=${facts} />
      <div class="columns">
        <div class="first"><${Alerts} facts=${facts} /></div>
        <div class="second">
          <${OnTheWay} />
          <${Overdue} facts=${facts} />
          <${Duty} facts=${facts} />
          <${Proven} facts=${facts} />
        </div>
        <div class="third"><${Reviews} facts=${facts} /></div>
      </div>
      <p><a class="to-records" href="records/" target="_blank">${t("Sealed records, in a tab of their own")}</a></p>
    </main>
  `;
}
