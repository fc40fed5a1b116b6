// What deterministic CBOR can say (./deterministic.js): a type that names itself, which comments cannot.
export type Value = number | string | Uint8Array | boolean | null | Value[] | Map<string, Value>;
