/** `npm run faults`: the five processes at full size, and what came of it. */
import { checkOutcome } from './check-outcome.ts'
import { runFive } from './run-five.ts'

const say = (line: string): void => void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`)

const [versions = '50', seconds = '60'] = process.argv.slice(2)
const outcome = await runFive({ versions: Number(versions), frozenMs: Number(seconds) * 1000, calmMs: 8000, say })
const acknowledged = [...outcome.acknowledged.values()].reduce((sum, marks) => sum + marks.size, 0)
say(`${outcome.versions} versions, ${outcome.faults.length} faults`)
say(`answers: ${[...outcome.answers].map(([answer, count]) => `${count} × ${answer}`).join(', ')}`)
say(`${acknowledged} acknowledged writes, ${outcome.lost.length} lost; ${outcome.unexpected.length} unexpected answers`)
say(`the last version is served after ${outcome.servedAfterMs.join(', ')} ms, shown by ${outcome.shown} processes`)
say(`${outcome.unsent} events unsent, ${outcome.untold} rows untold`)
for (const line of outcome.unexpected.slice(0, 20)) say(`unexpected: ${line}`)
checkOutcome(outcome)
