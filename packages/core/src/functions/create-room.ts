/** How many functions that wait for something a tenant may have under way: what is more waits in its own line, and keeps no other waiting. */
import { BackSaasError } from '../errors/backsaas-error.ts'

const TOGETHER_MAX = 32
const WAITING_MAX = 500

export interface Room {
  /** Runs `work` once there is room. @throws `FUNCTION_BUSY` (503) where too many wait already. */
  run<T>(tenantId: string, work: () => Promise<T>): Promise<T>
}

interface Line {
  running: number
  readonly waiting: (() => void)[]
}

export function createRoom(): Room {
  const lines = new Map<string, Line>()
  return {
    async run(tenantId, work) {
      const line = lines.get(tenantId) ?? { running: 0, waiting: [] }
      lines.set(tenantId, line)
      if (line.running < TOGETHER_MAX) line.running++
      else await turn(line)
      try {
        return await work()
      } finally {
        const next = line.waiting.shift()
        // Its place goes to who is next.
        if (next) next()
        else if (--line.running === 0) lines.delete(tenantId)
      }
    },
  }
}

function turn(line: Line): Promise<void> {
  if (line.waiting.length >= WAITING_MAX)
    throw new BackSaasError('FUNCTION_BUSY', 503, 'too many functions of the tenant wait for something', {
      hint: 'Try again in a moment.',
      headers: { 'retry-after': '1' },
    })
  return new Promise((resolve) => line.waiting.push(resolve))
}
