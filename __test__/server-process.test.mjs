// The processes of the Git hosts: one that outlived its test would be met by a later one.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { runNode } from './helpers/child.mjs'
import { isListening, startOnFreePort, startProcess } from './helpers/git/server-process.mjs'
import { temporaryDirectory } from './helpers/package-builder.mjs'
import { until } from './helpers/until.mjs'

/** A server that starts another, and doesn't care whether anybody reads what the two write. */
const SERVER = `
  process.stdout.on('error', () => {})
  require('node:net').createServer().listen(0, '127.0.0.1', function () {
    process.stdout.write(process.argv[2] + this.address().port + '.')
    if (process.argv[2] === 'parent ') {
      require('node:child_process').spawn(process.execPath, [__filename, 'child '], { stdio: 'inherit' })
    }
  })`

/** Both have said where they are. */
const READY = /parent (\d+)\.child (\d+)\./

/** The server's program, and the arguments for Node to run it. */
function serverArguments(t) {
  const file = join(temporaryDirectory(t), 'server.cjs')
  writeFileSync(file, SERVER)
  return [file, 'parent ']
}

const portsIn = (log) => READY.exec(log).slice(1).map(Number)

describe("A server's process", () => {
  test('is stopped with its children', async (t) => {
    const server = await startProcess(process.execPath, serverArguments(t), { env: process.env, ready: READY })
    const ports = portsIn(server.log())
    for (const port of ports) assert.equal(await isListening(port), true)
    await server.stop()
    for (const port of ports) assert.equal(await isListening(port), false)
    await server.stop()
  })

  test('goes with the process that started it, however that ends, and its children with it', async (t) => {
    const helper = new URL('helpers/git/server-process.mjs', import.meta.url).href
    const code = `import { startProcess } from ${JSON.stringify(helper)}
      const options = { env: process.env, ready: ${READY} }
      const server = await startProcess(process.execPath, ${JSON.stringify(serverArguments(t))}, options)
      process.stdout.write(server.log(), () => process.kill(process.pid, 'SIGKILL'))`
    const error = await runNode(['--input-type=module', '-e', code]).catch((failure) => failure)
    for (const port of portsIn(error.message)) {
      await until(async () => !(await isListening(port)), { what: `the end of ${port}` })
    }
  })

  test('says why it ended where it was never ready', async () => {
    const options = { env: process.env, ready: /never/ }
    await assert.rejects(
      startProcess('/bin/sh', ['-c', 'echo no; echo luck >&2'], options),
      /ready: (no\nluck|luck\nno)/,
    )
    await assert.rejects(startProcess('/nowhere/server', [], options), /ready: .*not found/)
  })
})

test('A server is started anew where its port is taken, and only there', async () => {
  const faults = ['bind: Address already in use', 'listen EADDRINUSE: address already in use']
  const ports = []
  const start = async (port) => {
    ports.push(port)
    if (faults.length > 0) throw new Error(faults.pop())
    return 'started'
  }
  const { port, server } = await startOnFreePort(start)
  assert.deepEqual([server, ports.length, ports.at(-1)], ['started', 3, port])
  assert.deepEqual(await startOnFreePort(start, 1234), { port: 1234, server: 'started' })
  faults.push('no such directory')
  await assert.rejects(startOnFreePort(start), /no such directory/)
})
