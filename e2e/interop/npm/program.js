// The real program on a data directory of its own, as the tests of each library need it.

import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

import { fetchOver } from './socketfetch.js'

const execute = promisify(execFile)

/** The deadline of each command and of each request, in milliseconds. */
export const limit = 15_000

export const issuer = new URL('https://auth.example')
export const notes = 'https://notes.example/api' // a resource of the API app (RFC 8707)
export const clientId = 'maths'
export const apiId = 'notes'
export const appRedirect = 'com.example.maths:/done'
export const loopbackRedirect = 'http://127.0.0.1/done' // any port (RFC 8252 section 7.3)

/**
 * A desk is a running server with a person, a client app, and an API app that may
 * introspect. Close it when done.
 */
export class Desk {
  #dir
  #program
  #socket
  #processes = []

  /** The secret of the API app. */
  secret

  /** What the libraries call instead of fetch: it reaches the issuer alone. */
  fetch

  static async open() {
    const desk = new Desk()
    try {
      await desk.#open()
    } catch (error) {
      await desk.close()
      throw error
    }
    return desk
  }

  async #open() {
    this.#dir = await mkdtemp(join(tmpdir(), 'interop'))
    this.#program = process.env.OFFLINEAUTH ?? (await build(this.#dir))
    this.#socket = join(this.#dir, 'ipc', 'stream.sock')
    this.fetch = fetchOver(this.#socket, issuer.origin, limit)

    await this.run('init', '--issuer', issuer.origin, '--ipc', `unix:${this.#socket}`)
    await this.run('account', 'add', '--username', 'amina', '--name', 'Amina')
    await this.run('client', 'add', '--id', clientId, '--name', 'Maths', '--redirect-uri', appRedirect, '--redirect-uri', loopbackRedirect)
    const added = await this.run('client', 'add', '--id', apiId, '--resource', issuer.origin, '--resource', notes, '--secret', '--json')
    this.secret = JSON.parse(added).client_secret
    await this.#start(['serve', '--data', this.#dir], 'stderr', /serving/)
  }

  /** Starts the localhost server and returns its base URL. */
  async proxy() {
    const [url] = await this.#start(['proxy', '--issuer', issuer.origin, '--ipc-service', `unix:${this.#socket}`], 'stdout', /http:\S+/)
    return url
  }

  /** Runs a command of the program to its end and returns what it printed. */
  async run(...args) {
    const { stdout } = await execute(this.#program, [...args, '--data', this.#dir], { timeout: limit })
    return stdout
  }

  /** Launches the link; the person accepts. Returns the redirect the app receives. */
  async accept(link) {
    return new URL((await this.run('open', String(link), '--approve', '--print-redirect')).trim())
  }

  /** The same with a person who says no. */
  async deny(link) {
    return new URL((await this.run('open', String(link), '--deny', '--print-redirect')).trim())
  }

  /** Starts the program, and resolves when it has written what is wanted. */
  async #start(args, stream, wanted) {
    const started = spawn(this.#program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#processes.push({ started, ended: new Promise((done) => started.once('close', done)) })
    started[stream === 'stdout' ? 'stderr' : 'stdout'].resume()
    let log = ''
    return new Promise((found, fails) => {
      const late = setTimeout(() => fails(new Error(`offlineauth ${args[0]} is not ready: ${log}`)), limit)
      started.once('error', fails)
      started.once('close', () => fails(new Error(`offlineauth ${args[0]} ended: ${log}`)))
      started[stream].setEncoding('utf8').on('data', (text) => {
        log += text
        const match = log.match(wanted)
        if (match) found(match, clearTimeout(late))
      })
    })
  }

  async close() {
    for (const { started } of this.#processes) started.kill('SIGTERM')
    await Promise.all(this.#processes.map(({ ended }) => ended))
    if (this.#dir) await rm(this.#dir, { recursive: true, force: true })
  }
}

async function build(dir) {
  const program = join(dir, 'offlineauth')
  const top = resolve(import.meta.dirname, '..', '..', '..')
  await execute('go', ['build', '-o', program, './cmd/offlineauth'], { cwd: top, timeout: 10 * limit })
  return program
}
