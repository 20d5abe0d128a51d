/** As much of an SMTP server as letters need: it keeps what it is told, and can refuse. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'

export interface SmtpServer {
  readonly url: string
  readonly letters: string[]
  /** What it answers to the end of a letter, in turn; `250 OK` once there are no more. */
  readonly answers: string[]
  /** Nobody answers at its address, until it is up again. */
  down(): Promise<void>
  up(): Promise<void>
  close(): void
}

export async function startSmtpServer(): Promise<SmtpServer> {
  const letters: string[] = []
  const answers: string[] = []
  const server: Server = createServer((socket) => {
    let rest = ''
    let letter: string | null = null
    socket.on('error', () => undefined)
    socket.write('220 test ESMTP\r\n')
    socket.on('data', (chunk) => {
      rest += chunk.toString('utf8')
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end)
        rest = rest.slice(end + 2)
        if (letter !== null) {
          if (line !== '.') letter += `${line}\n`
          else {
            const answer = answers.shift() ?? '250 OK'
            if (answer.startsWith('250')) letters.push(letter)
            letter = null
            socket.write(`${answer}\r\n`)
          }
        } else if (line.startsWith('EHLO')) socket.write('250-test\r\n250 8BITMIME\r\n')
        else if (line.startsWith('DATA')) {
          letter = ''
          socket.write('354 go on\r\n')
        } else if (line.startsWith('QUIT')) socket.end('221 bye\r\n')
        else socket.write('250 OK\r\n')
      }
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo // it listens on a port
  return {
    url: `smtp://127.0.0.1:${port}`,
    letters,
    answers,
    down: () => new Promise((done) => server.close(() => done())),
    up: () => new Promise((done) => server.listen(port, '127.0.0.1', done)),
    close: () => server.close(),
  }
}
