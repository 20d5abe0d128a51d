/** Three schemas, each from the one before: the third goes live while the first is served yet, and both contracts come after. */
import type { Database } from '@backsaas/core'
import { expect } from 'vitest'
import { convergePlacement } from '../../src/execute/converge-placement.ts'
import { rollbackMigration } from '../../src/execute/rollback-migration.ts'
import { readShape } from './read-shape.ts'
import {
  type Chosen,
  check,
  compareWithFresh,
  documentOf,
  fill,
  mappingOf,
  newest,
  publish,
  type Rows,
  run,
  touch,
} from './run-pair.ts'

export interface Stacked {
  readonly name: string
  /** What the second version changes, and the third. */
  readonly second: readonly Chosen[]
  readonly third: readonly Chosen[]
  /** Whether the third is taken back once on the way. */
  readonly back: boolean
}

/** @returns whether both took a migration. */
export async function runStacked(
  database: Database,
  query: (text: string) => Promise<Rows>,
  { name, second, third, back }: Stacked,
): Promise<boolean> {
  const chosen = [...second, ...third]
  const isSecond = (one: Chosen): 'before' | 'after' => (second.includes(one) ? 'after' : 'before')
  const first = await publish(database, documentOf(name, chosen, 'before'))
  const oldest = await mappingOf(query, name, 1)
  await fill(query, oldest, chosen)
  const two = await publish(database, documentOf(name, chosen, isSecond))
  if (two.migrationId !== null) await run(database, two.migrationId, 'live')
  const older = await mappingOf(query, name, 2)
  await check(query, older, second)

  const goLive = async (): Promise<string | null> => {
    const { migrationId } = await publish(database, documentOf(name, chosen, 'after'))
    if (migrationId !== null) await run(database, migrationId, 'live')
    return migrationId
  }
  const before = await shapes()
  let three = await goLive()
  if (three !== null && back) {
    await rollbackMigration(database, three)
    await convergePlacement(database, first.placementId)
    expect(await shapes(), 'taken back').toEqual(before)
    await touch(query, first.placementId, oldest, older, second, [1, 2])
    three = await goLive()
  }
  const version = await newest(query, name)
  const mapping = await mappingOf(query, name, version)
  await check(query, mapping, chosen)
  for (const one of [oldest, older]) await touch(query, first.placementId, one, mapping, chosen, [1, 2, version])
  if (two.migrationId !== null) await run(database, two.migrationId, 'done')
  await check(query, mapping, chosen)
  await touch(query, first.placementId, older, mapping, chosen, [2, version])
  if (three !== null) await run(database, three, 'done')
  await check(query, mapping, chosen)
  await convergePlacement(database, first.placementId)
  await compareWithFresh(database, query, { name, version, chosen })
  return two.migrationId !== null && three !== null

  /** By the names of either version. */
  async function shapes(): Promise<readonly (readonly string[])[]> {
    return [await readShape(query, oldest), await readShape(query, older)]
  }
}
