/** Asks whether a Postgres or a Redis answers, in its own protocol, with nothing but a socket. */
import { connect } from 'node:net'

const TIMEOUT_MS = 3000

/**
 * Whether a Postgres answers at `url` and knows its user and database.
 *
 * @returns null where it does, else the reason in one line.
 * @example const reason = await probePostgres('postgres://postgres@127.0.0.1:5432/postgres')
 */
export function probePostgres(url) {
  const { hostname, port, username, pathname } = new URL(url)
  const user = decodeURIComponent(username) || 'postgres'
  const database = decodeURIComponent(pathname.slice(1)) || user
  return exchange(hostname, Number(port) || 5432, startupMessage(user, database), judgePostgres)
}

/**
 * Whether a Redis answers at `url`.
 *
 * @returns null where it does, else the reason in one line.
 * @example const reason = await probeRedis('redis://127.0.0.1:6379')
 */
export function probeRedis(url) {
  const { hostname, port, username, password } = new URL(url)
  const words = password ? ['AUTH', ...(username ? [username] : []), password].map(decodeURIComponent) : ['PING']
  const command = `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`
  return exchange(hostname, Number(port) || 6379, Buffer.from(command), (answer) => {
    const text = answer.toString('utf8')
    if (!text.includes('\r\n')) return undefined
    if (text.startsWith('+')) return { reason: null }
    return { reason: text.startsWith('-') ? text.slice(1).trim() : 'what answers is not a Redis' }
  })
}

/** The first message of Postgres' protocol 3.0: its length, the version, pairs of names and values. */
function startupMessage(user, database) {
  const body = Buffer.from(`user\0${user}\0database\0${database}\0\0`)
  const head = Buffer.alloc(8)
  head.writeUInt32BE(body.length + 8, 0)
  head.writeUInt32BE(196608, 4)
  return Buffer.concat([head, body])
}

/** Reads the server's messages (a letter, a length, a body) until one settles the question. */
function judgePostgres(answer) {
  for (let at = 0; at + 5 <= answer.length; ) {
    const kind = String.fromCharCode(answer[at])
    if (!/[A-Z]/.test(kind)) break
    const end = at + 1 + answer.readUInt32BE(at + 1)
    if (end > answer.length) return undefined
    if (kind === 'E') return { reason: errorMessage(answer.toString('utf8', at + 5, end)) }
    // Asked for a password: a client that has one goes on from here. `Z`: ready for a query.
    if (kind === 'Z' || (kind === 'R' && answer.readUInt32BE(at + 5) !== 0)) return { reason: null }
    at = end
  }
  return /^[A-Z]/.test(answer.toString('latin1')) ? undefined : { reason: 'what answers is not a Postgres' }
}

/** The human part of an error's fields. */
function errorMessage(body) {
  const field = body.split('\0').find((text) => text.startsWith('M'))
  return field ? field.slice(1) : 'refused'
}

/** Sends `message` and gives what has come so far to `judge`, until it answers other than undefined. */
function exchange(host, port, message, judge) {
  return new Promise((resolve) => {
    let answer = Buffer.alloc(0)
    const socket = connect({ host, port })
    const end = (reason) => {
      socket.destroy()
      resolve(reason)
    }
    socket.setTimeout(TIMEOUT_MS, () => end(`no answer within ${TIMEOUT_MS} ms`))
    socket.on('connect', () => socket.write(message))
    socket.on('error', (error) => end(error.code ?? error.message))
    socket.on('close', () => end('the connection was closed without an answer'))
    socket.on('data', (chunk) => {
      answer = Buffer.concat([answer, chunk])
      const verdict = judge(answer)
      if (verdict) end(verdict.reason)
    })
  })
}
