/**
 * A TCP proxy on 127.0.0.1 before any loopback HTTP/1.1 server: what goes wrong below HTTP goes wrong here.
 *
 * ```js
 * const proxy = await faultProxy(t, registry.url)
 * const source = new RemotePackageSource({ url: proxy.url, enabled: true })
 * proxy.fault({ at: 'body', bytes: 20, does: 'reset' }, { times: 2 })
 * proxy.heal()
 * ```
 */

import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * What goes wrong with an exchange, where.
 *
 * `at` is how far it gets: `connect` (nothing is read), `request` (the request has arrived whole and goes no further),
 * `head` or `body` (the answer's first `bytes` of it have been passed on). `does` is what happens there:
 * - `refuse` (with `connect` alone): nothing listens;
 * - `reset`: the connection ends with an RST;
 * - `end`: it ends with a FIN, as if all had been said;
 * - `hang`: nothing comes any more, and the connection stays;
 * - `delay`: all goes on after `ms`;
 * - `trickle`: the rest comes `step` bytes at a time (1 if not given), one step every `ms`.
 * @typedef {object} Fault
 * @property {'connect' | 'request' | 'head' | 'body'} at
 * @property {'refuse' | 'reset' | 'end' | 'hang' | 'delay' | 'trickle'} does
 * @property {number} [bytes] 0 if not given.
 * @property {number} [ms]
 * @property {number} [step]
 */

/**
 * Starts a proxy, which is closed when the test ends.
 * @param {{ after: (fn: () => unknown) => void }} t
 * @param {string} url Of the server behind it; the proxy's own URL has the same path.
 */
export async function faultProxy(t, url) {
  const proxy = new FaultProxy(new URL(url))
  await proxy.listen()
  t.after(() => proxy.close())
  return proxy
}

const BLANK_LINE = Buffer.from('\r\n\r\n')

class FaultProxy {
  #target
  #server = null
  #port = 0
  #clients = new Set()
  #fault = null

  /** Connections accepted so far. */
  connections = 0

  /** Connections that stand now. */
  get open() {
    return this.#clients.size
  }

  /** Requests that have arrived so far, each as its first line. */
  requests = []

  /** @param {URL} target */
  constructor(target) {
    this.#target = target
  }

  /** Where clients find it. */
  get url() {
    return `http://127.0.0.1:${this.#port}${this.#target.pathname}`.replace(/\/$/, '')
  }

  async listen() {
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client))
    this.#server.listen(this.#port, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#port = this.#server.address().port
  }

  async close() {
    const server = this.#server
    this.#server = null
    this.cut()
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  /** Cuts the connections that stand. */
  cut() {
    for (const client of this.#clients) client.destroy()
  }

  /**
   * From now on exchanges go wrong; takes the place of an earlier fault. One of connecting cuts the connections that
   * stand, for kept ones would never meet it.
   * @param {Fault} fault
   * @param {{ times?: number }} [bound] So many exchanges or connections, and then no more. `refuse` goes on until healed.
   */
  async fault(fault, { times = Number.POSITIVE_INFINITY } = {}) {
    await this.heal()
    this.#fault = { fault, times }
    if (fault.does === 'refuse') await this.close()
    else if (fault.at === 'connect') this.cut()
  }

  /** Everything passes from now on. What hangs goes on hanging. */
  async heal() {
    this.#fault = null
    if (!this.#server) await this.listen()
  }

  /** The fault that applies to what has come so far, if any. */
  #take(isConnect) {
    const active = this.#fault
    if (!active || active.times <= 0 || (active.fault.at === 'connect') !== isConnect) return null
    active.times--
    return active.fault
  }

  #accept(client) {
    this.connections++
    this.#clients.add(client)
    client.on('close', () => this.#clients.delete(client))
    // The other side's resets are what this is for.
    client.on('error', () => {})
    const fault = this.#take(true)
    if (fault?.does === 'delay') setTimeout(() => client.destroyed || this.#forward(client), fault.ms)
    // Whoever isn't read from would not be seen to go.
    else if (fault?.does === 'hang') client.resume()
    else if (fault) breakOff(client, fault.does)
    else this.#forward(client)
  }

  #forward(client) {
    const server = connect(Number(this.#target.port), this.#target.hostname)
    const requests = new Requests()
    let answer = new Answer(client, null)
    server.on('error', () => client.resetAndDestroy())
    server.on('end', () => answer.end())
    server.on('data', (bytes) => {
      if (answer.write(bytes)) return
      server.pause()
      client.once('drain', () => server.resume())
    })
    client.on('close', () => {
      answer.stop()
      server.destroy()
    })
    client.on('end', () => server.end())
    client.on('data', (bytes) => {
      for (const line of requests.read(bytes)) {
        this.requests.push(line)
        const fault = this.#take(false)
        if (fault?.at === 'request' && fault.does !== 'delay') {
          breakOff(client, fault.does)
          return
        }
        answer.stop()
        answer = new Answer(client, fault)
      }
      server.write(bytes)
    })
  }
}

/** Ends a connection; where it is to hang, it stays as it is. */
function breakOff(client, does) {
  if (does === 'reset') client.resetAndDestroy()
  else if (does === 'end') client.end()
}

/** Finds the requests in what a client sends; they have no bodies. */
class Requests {
  #pending = Buffer.alloc(0)

  /** The first lines of the requests that `bytes` complete. */
  read(bytes) {
    this.#pending = Buffer.concat([this.#pending, bytes])
    const lines = []
    for (;;) {
      const end = this.#pending.indexOf(BLANK_LINE)
      if (end < 0) return lines
      lines.push(this.#pending.toString('latin1', 0, this.#pending.indexOf('\r\n')))
      this.#pending = this.#pending.subarray(end + BLANK_LINE.length)
    }
  }
}

/** Passes one answer on, as far as its fault lets it. */
class Answer {
  #client
  #fault
  #passed = Buffer.alloc(0)
  #broken = false
  #ended = false
  #late = []
  #timer = null

  constructor(client, fault) {
    this.#client = client
    this.#fault = fault
  }

  /** Whether the client takes more at once. */
  write(bytes) {
    if (this.#client.destroyed) return true
    if (this.#broken) return this.#afterFault(bytes)
    if (!this.#fault) return this.#client.write(bytes)
    const place = this.#placeIn(Buffer.concat([this.#passed, bytes])) - this.#passed.length
    this.#passed = Buffer.concat([this.#passed, bytes])
    if (place > bytes.length) return this.#client.write(bytes)
    this.#client.write(bytes.subarray(0, place))
    this.#broken = true
    this.#start()
    return this.#afterFault(bytes.subarray(place))
  }

  /** The server has said all. */
  end() {
    this.#ended = true
    if (!this.#broken) this.#client.end()
  }

  stop() {
    clearTimeout(this.#timer)
    clearInterval(this.#timer)
  }

  /** Where in the answer the fault lies; infinite as long as that isn't known. */
  #placeIn(answer) {
    const { at, bytes = 0 } = this.#fault
    if (at !== 'body') return bytes
    const end = answer.indexOf(BLANK_LINE)
    return end < 0 ? Number.POSITIVE_INFINITY : end + BLANK_LINE.length + bytes
  }

  #start() {
    const { does, ms = 0, step = 1 } = this.#fault
    if (does === 'delay') this.#timer = setTimeout(() => this.#goOn(), ms)
    else if (does === 'trickle') this.#timer = setInterval(() => this.#trickle(step), ms)
    // What was written before must leave before an RST throws it away.
    else if (does === 'reset') this.#timer = setTimeout(() => this.#client.resetAndDestroy(), 20)
    else breakOff(this.#client, does)
  }

  #afterFault(bytes) {
    const { does } = this.#fault
    if (does === 'delay' && this.#late === null) return this.#client.write(bytes)
    if (does === 'delay' || does === 'trickle') this.#late.push(bytes)
    return true
  }

  #goOn() {
    const late = Buffer.concat(this.#late)
    this.#late = null
    this.#client.write(late)
    if (this.#ended) this.#client.end()
  }

  #trickle(step) {
    const late = Buffer.concat(this.#late)
    this.#late = [late.subarray(step)]
    if (late.length > 0) this.#client.write(late.subarray(0, step))
    else if (this.#ended) this.#client.end()
  }
}
