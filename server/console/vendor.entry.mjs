// What the console takes from other people's packages, in one module: `vendor/preact.js` is made of this at set-up
// (scripts/setup) and is the only thing of the console that is bundled. Nothing of our own belongs here.
import htm from "htm";
import { h } from "preact";

export { Component, createContext, createRef, Fragment, h, options, render } from "preact";
export {
  useCallback,
  useContext,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from "preact/hooks";

export const html = htm.bind(h);
