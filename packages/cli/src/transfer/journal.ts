/**
 * What an import writes down beside its rows: the report of refused rows, the rows that wait for others, and a checkpoint
 * from which an interrupted import goes on.
 */
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { BackSaasError } from '@backsaas/core'
import type { PendingRow } from './batch.ts'
import { parseExact } from './exact-json.ts'
import { readLines } from './read-ndjson.ts'
import type { RefusedRow } from './send-batch.ts'

/** How far an import is. Rows up to `done` of each source are settled: written, refused or waiting. */
export interface Checkpoint {
  /** Tells the same import from another one: what is read, and where it goes. */
  readonly fingerprint: string
  readonly done: Readonly<Record<string, number>>
  /** 0 while the files are read; after that the number of the pass over the waiting rows. */
  readonly pass: number
}

export interface Journal {
  /** Where an earlier run stopped; null where this one begins. */
  readonly resumed: Checkpoint | null
  /** Rows that the earlier run refused. */
  readonly refusedBefore: number
  readonly reportPath: string
  refuse(rows: readonly RefusedRow[], pass: number): void
  /** Puts rows down to be tried in the pass after `pass`. */
  wait(rows: readonly RefusedRow[], pass: number): void
  waiting(pass: number): AsyncIterable<RefusedRow>
  save(checkpoint: Checkpoint): void
  /** The import is through: all but the report goes away. */
  close(passes: number): void
}

/** A row as the report and the file of waiting rows have it. */
interface Line extends PendingRow {
  readonly pass: number
  readonly error: RefusedRow['problem']
}

/**
 * Opens the files of one import. A checkpoint of the same import is taken up where `resume` says so; what was written
 * down after it is forgotten, since those rows are read again.
 *
 * @throws `FILE_UNWRITABLE` (400).
 */
export function openJournal(reportPath: string, fingerprint: string, resume: boolean): Journal {
  const checkpointPath = `${reportPath}.checkpoint`
  const waitingPath = (pass: number): string => `${reportPath}.waiting.${pass}`
  const found = resume ? readCheckpoint(checkpointPath, fingerprint) : null
  const kept = (line: Line): boolean => isBefore(line, found)
  const refusedBefore = keepLines(reportPath, found ? kept : null)
  const pass = found?.pass ?? 0
  // The file that this pass reads stays; the one that it writes begins anew, but for what a first pass had settled.
  keepLines(waitingPath(pass), found && pass === 0 ? kept : null)
  if (!found) for (let old = 1; existsSync(waitingPath(old)); old++) rmSync(waitingPath(old))
  return {
    resumed: found,
    refusedBefore,
    reportPath,
    refuse: (rows, pass) => append(reportPath, rows, pass),
    wait: (rows, pass) => append(waitingPath(pass), rows, pass),
    async *waiting(pass) {
      if (!existsSync(waitingPath(pass - 1))) return
      for await (const { text } of readLines(waitingPath(pass - 1))) {
        const { pass: _pass, error, ...row } = parseLine(text)
        yield { row, problem: error }
      }
    },
    save(checkpoint) {
      write(`${checkpointPath}.new`, JSON.stringify(checkpoint))
      renameSync(`${checkpointPath}.new`, checkpointPath)
      // A pass reads what the one before it wrote, and needs nothing older.
      if (checkpoint.pass > 1) rmSync(waitingPath(checkpoint.pass - 2), { force: true })
    },
    close(passes) {
      rmSync(checkpointPath, { force: true })
      for (let pass = 0; pass <= passes; pass++) rmSync(waitingPath(pass), { force: true })
    },
  }
}

function readCheckpoint(path: string, fingerprint: string): Checkpoint | null {
  if (!existsSync(path)) return null
  const checkpoint: Checkpoint = JSON.parse(readFileSync(path, 'utf8')) // this module's own file, replaced whole
  return checkpoint.fingerprint === fingerprint ? checkpoint : null
}

/** Whether a line tells of a row that the checkpoint counts as settled. */
function isBefore({ pass, origin }: Line, checkpoint: Checkpoint | null): boolean {
  if (!checkpoint) return false
  return pass === 0 ? origin.row <= (checkpoint.done[sourceName(origin)] ?? 0) : pass < checkpoint.pass
}

/** One source's name within an import. */
export function sourceName({ file, source }: PendingRow['origin']): string {
  return `${file}#${source}`
}

/** Drops the lines that are not kept; a last one that was cut off goes too. Answers how many stay. */
function keepLines(path: string, keep: ((line: Line) => boolean) | null): number {
  if (!existsSync(path)) return 0
  const whole = keep ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  const lines = whole.filter((text) => keep?.(parseLine(text)))
  if (lines.length === 0) rmSync(path)
  else write(path, `${lines.join('\n')}\n`)
  return lines.length
}

function parseLine(text: string): Line {
  return parseExact(text) as Line // lines are written by `append` alone
}

function append(path: string, rows: readonly RefusedRow[], pass: number): void {
  if (rows.length === 0) return
  const lines = rows.map(({ row, problem }) => JSON.stringify({ ...row, pass, error: problem } satisfies Line))
  attempt(path, () => appendFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 }))
}

function write(path: string, text: string): void {
  attempt(path, () => writeFileSync(path, text, { mode: 0o600 }))
}

function attempt(path: string, work: () => void): void {
  try {
    work()
  } catch (cause) {
    throw new BackSaasError('FILE_UNWRITABLE', 400, `cannot write ${path}`, {
      hint: 'say another place with --report FILE',
      cause,
    })
  }
}
