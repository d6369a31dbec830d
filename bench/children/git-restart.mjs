// A fresh process over a clone that is there. It lives until its answer has been taken: a long one takes its time.

import { openSource } from '../git/contenders.mjs'

const { contender, ...options } = JSON.parse(process.argv[2])

const start = performance.now()
const source = await openSource(contender, options)
const imported = performance.now()
const value = await source.fetchIndex()
const end = performance.now()
process.send({ importMs: imported - start, wallMs: end - imported, value })
