/** How far an import is: a bar for people, nothing for programs. */
import { SingleBar } from 'cli-progress'
import type { Io } from '../io.ts'
import type { Progress } from './import-run.ts'

export interface ProgressDisplay {
  show(progress: Progress): void
  stop(): void
}

/** @param total bytes of all files. */
export function createProgressDisplay(io: Io, total: number): ProgressDisplay {
  if (!io.isTty || total === 0) return { show: () => {}, stop: () => {} }
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {written} rows{refusals}  {entity}',
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    linewrap: false,
  })
  bar.start(total, 0, { written: 0, refusals: '', entity: '' })
  return {
    show({ bytes, written, refused, entity }) {
      bar.update(Math.min(bytes, total), { written, refusals: refused > 0 ? `, ${refused} refused` : '', entity })
    },
    stop: () => bar.stop(),
  }
}
