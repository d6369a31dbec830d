// The measured loops. Imported once for each manager (with a query string), so that each has type feedback of its own:
// a loop shared by three classes would measure a megamorphic call.

/** Asks for one id after the other, beginning at `start`; returns how many were there. */
export async function hasPackage(manager, ids, start, calls) {
  let found = 0
  let next = start
  for (let call = 0; call < calls; call++) {
    if (await manager.hasPackage(ids[next])) found++
    if (++next === ids.length) next = 0
  }
  return found
}

/** Loads one id after the other, beginning at `start`; returns how many were there. */
export async function loadPackage(manager, ids, start, calls) {
  let found = 0
  let next = start
  for (let call = 0; call < calls; call++) {
    if ((await manager.loadPackage(ids[next])) !== null) found++
    if (++next === ids.length) next = 0
  }
  return found
}

/** Fetches the index again and again; returns how often it was whole. */
export async function fetchMergedIndex(manager, ids, _start, calls) {
  let whole = 0
  for (let call = 0; call < calls; call++) if ((await manager.fetchMergedIndex()).length === ids.length) whole++
  return whole
}
