import { subscribe, unsubscribe } from 'node:diagnostics_channel'

/**
 * What a diagnostics channel says until the test ends, as a list that grows.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {string} name
 * @returns {object[]}
 */
export function recordChannel(t, name) {
  const messages = []
  const listen = (message) => messages.push(message)
  subscribe(name, listen)
  t.after(() => unsubscribe(name, listen))
  return messages
}
