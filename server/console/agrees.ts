// What `types.ts` says of the API's answers must be true of what the API says of itself: a field that is missing there,
// or may hold something else, is an error here. For the type checker alone; `scripts/check-console` runs it.
import type { components } from "../../.build/console/api.js";
import type { Board, Cases, Operations, Passkeys, Readiness, SafeCalls, Timeline } from "./types.js";

type Described = components["schemas"];
type True<Answer extends Read, Read> = [Answer, Read];

export type Agreed = [
  True<Described["BoardAnswer"], Board>,
  True<Described["CasesAnswer"], Cases>,
  True<Described["OperationsAnswer"], Operations>,
  True<Described["PasskeysAnswer"], Passkeys>,
  True<Described["ReadinessAnswer"], Readiness>,
  True<Described["SafeCallsAnswer"], SafeCalls>,
  True<Described["TimelineAnswer"], Timeline>,
];
