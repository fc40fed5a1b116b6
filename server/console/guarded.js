/** A view that fails takes nothing else with it: least of all the call for help. */
import { t } from "./texts.js";
import { html, useErrorBoundary } from "./vendor/preact.js";

/** @param {{ children?: import("preact").ComponentChildren }} props */
export function Guarded({ children }) {
  const [error] = useErrorBoundary();
  if (!error) return children;
  return html`<p class="notice" role="alert">${t("This part of the page has failed. Reload the page, and tell the operator.")}</p>`;
}
