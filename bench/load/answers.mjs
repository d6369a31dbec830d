// Where one HTTP/1.1 answer ends and the next begins: just enough of the format to count answers.

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')
const NOTHING = Buffer.alloc(0)

/** Reads the bytes of a connection and tells of every whole answer. */
export class AnswerReader {
  #onAnswer
  #rest = NOTHING
  #status = 0
  // Bytes of the body (or chunk) still to come, or what is to be read next.
  #missing = 0
  #state = 'head'

  /** @param {(status: number) => void} onAnswer */
  constructor(onAnswer) {
    this.#onAnswer = onAnswer
  }

  /** @param {Buffer} chunk */
  read(chunk) {
    let bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#rest = NOTHING
    while (bytes.length > 0) {
      const used = this.#step(bytes)
      if (used === 0) {
        this.#rest = bytes
        return
      }
      bytes = bytes.subarray(used)
    }
  }

  // Takes what it can from the beginning; 0 where more has to come first.
  #step(bytes) {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes)
      case 'size':
        return this.#chunkSize(bytes)
      default:
        return this.#body(bytes)
    }
  }

  #head(bytes) {
    const end = bytes.indexOf(HEAD_END)
    if (end === -1) return 0
    const head = bytes.toString('latin1', 0, end)
    this.#status = Number(head.slice(9, 12))
    if (!/^HTTP\/1\.1 \d{3} /.test(head)) throw new Error(`no HTTP/1.1 answer: ${head.slice(0, 40)}`)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) this.#state = 'size'
    else if (length && this.#status !== 304) this.#expect(Number(length[1]), 'body')
    else this.#done()
    return end + HEAD_END.length
  }

  #chunkSize(bytes) {
    const end = bytes.indexOf(LINE_END)
    if (end === -1) return 0
    const size = Number.parseInt(bytes.toString('latin1', 0, end), 16)
    if (Number.isNaN(size)) throw new Error('no size of a chunk')
    // A line break follows every chunk, and the last, empty one.
    this.#expect(size + LINE_END.length, size === 0 ? 'body' : 'chunk')
    return end + LINE_END.length
  }

  #expect(missing, state) {
    this.#missing = missing
    this.#state = state
    if (missing === 0) this.#done()
  }

  #body(bytes) {
    const used = Math.min(bytes.length, this.#missing)
    this.#missing -= used
    if (this.#missing > 0) return used
    if (this.#state === 'chunk') this.#state = 'size'
    else this.#done()
    return used
  }

  #done() {
    this.#state = 'head'
    this.#onAnswer(this.#status)
  }
}
