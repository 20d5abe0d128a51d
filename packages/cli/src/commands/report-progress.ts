/** Live progress of a migration: a line whenever something has changed, to standard error; JSON lines with `--json`. */
import type { RunOptions } from '@backsaas/migrator'
import type { Io } from '../io.ts'

type Progress = NonNullable<RunOptions['progress']>

/** @example runMigration(database, id, { progress: reportProgress(io, false) }) */
export function reportProgress(io: Io, asJson: boolean): Progress {
  let last = ''
  return ({ id, schema, phase, state, step, plan, rowsDone, rowsTotal, problem }) => {
    const title = plan.steps[step]?.title ?? null
    const rows = phase === 'backfill' && rowsTotal > 0 ? ` ${rowsDone}/${rowsTotal} rows` : ''
    const why = problem ? ` (${problem.code}: ${problem.message}${problem.hint ? `; ${problem.hint}` : ''})` : ''
    const line = asJson
      ? JSON.stringify({
          id,
          schema,
          phase,
          state,
          step: step + 1,
          of: plan.steps.length,
          title,
          rows: rowsDone,
          total: rowsTotal,
          problem,
        })
      : `${phase} ${Math.min(step + 1, plan.steps.length)}/${plan.steps.length} ${state}${rows}${title === null ? '' : `: ${title}`}${why}`
    if (line === last) return
    last = line
    io.err(line)
  }
}
