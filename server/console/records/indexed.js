/** What IndexedDB answers, as promises, and its keys. */

/** Of what there is one alone. */
export const OWN = "own";

/** @param {(string | number)[]} key @returns {IDBKeyRange} it, and whatever begins with it */
export function below(key) {
  return IDBKeyRange.bound(key, [...key, []]);
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {IDBTransaction} transaction */
export function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(undefined);
    transaction.onabort = () => reject(transaction.error);
  });
}
