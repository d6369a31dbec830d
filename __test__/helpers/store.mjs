/**
 * A store in memory, as callers pass it to the installing functions.
 *
 * `calls` lists what was called, `contents()` gives everything that is in it, and `failOn` makes calls fail:
 * `store.failOn = (method, table, id, n) => error` (n counts the calls of that method from 1; falsy lets it through).
 */
export class MemoryStore {
  #tables = new Map()
  calls = []
  failOn = () => undefined

  async set(table, id, value) {
    this.#call('set', table, id)
    this.#table(table).set(id, value)
  }

  async get(table, id) {
    this.#call('get', table, id)
    return this.#table(table).get(id)
  }

  async getAll(table) {
    this.#call('getAll', table)
    return fromEntries(this.#table(table))
  }

  async delete(table, id) {
    this.#call('delete', table, id)
    this.#table(table).delete(id)
  }

  /** Everything that is in it: tables that hold something, each from id to value. */
  contents() {
    const filled = [...this.#tables].filter(([, rows]) => rows.size > 0)
    return Object.fromEntries(filled.map(([name, rows]) => [name, fromEntries(rows)]))
  }

  /** The ids of a table, in the order written. */
  ids(table) {
    return [...this.#table(table).keys()]
  }

  /** A row, without leaving a trace in `calls`. */
  row(table, id) {
    return this.#table(table).get(id)
  }

  #call(method, table, id) {
    this.calls.push([method, table, id])
    const count = this.calls.filter(([name]) => name === method).length
    const error = this.failOn(method, table, id, count)
    if (error) throw error
  }

  #table(name) {
    if (!this.#tables.has(name)) this.#tables.set(name, new Map())
    return this.#tables.get(name)
  }
}

/** Like `Object.fromEntries`, which also makes `__proto__` an own property. */
const fromEntries = (rows) => Object.fromEntries(rows)
