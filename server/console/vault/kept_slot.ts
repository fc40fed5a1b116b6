// What lies at a place of the tree in ./kept_map.js: a type that names itself, which comments cannot.
// Under one hash there is nearly always one entry.
export type Leaf = { hash: number; entries: [string, any][] };
export type Slot = Leaf | Slot[] | undefined;
