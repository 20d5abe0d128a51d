/** Real data in, and asked back: counts, sums and joins against the file itself and against SQL. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../fixture/caller.ts'
import { byKey, CHINOOK_ABSENT, CHINOOK_PATH, type Chinook, ENTITIES, readChinook, sumBy } from './chinook-file.ts'
import { SCHEMA_PATH, STORE_SCHEMA, type StoreFixture, startStore } from './store-fixture.ts'

/** Everything below runs on one database; skipped, with the reason, where the data is not there. */
export function chinookSuite(database: 'pglite' | 'postgres'): void {
  const title = `Chinook on ${database}${CHINOOK_ABSENT === null ? '' : ` SKIPPED: ${CHINOOK_ABSENT}`}`
  describe.skipIf(CHINOOK_ABSENT !== null)(title, () => {
    let store: StoreFixture
    let chinook: Chinook

    beforeAll(async () => {
      chinook = readChinook()
      store = await startStore(database)
      for (const tenant of [store.tenants.acme, store.tenants.globex]) await importChinook(tenant)
    })
    afterAll(() => store.close())

    async function importChinook(tenant: Caller): Promise<void> {
      const report = join(store.folder, `${tenant.slug}.refused.ndjson`)
      const ran = await store.cli(['import', CHINOOK_PATH, ...store.access(tenant), '--report', report, '--json'])
      expect(ran).toMatchObject({ code: 0, err: '' })
      const result: { written: number; refused: number; durationMs: number } = JSON.parse(ran.out)
      expect(result).toMatchObject({ written: 15607, refused: 0 })
      console.log(`${database}: ${result.written} rows into ${tenant.slug} in ${result.durationMs} ms`)
    }

    const rowsOf = (name: string) => chinook[name] ?? []
    const tenants = () => [store.tenants.acme, store.tenants.globex]

    test('every row of every entity is in, in both tenants', async () => {
      for (const tenant of tenants()) {
        for (const [name, entity] of Object.entries(ENTITIES)) {
          const answer = await tenant.get(`/${entity}?limit=1`, { prefer: 'count=exact' })
          expect(answer.headers.get('content-range'), entity).toBe(`0-0/${rowsOf(name).length}`)
        }
      }
    })

    test('values come back as they stand in the file', async () => {
      const answer = await store.tenants.acme.get('/tracks?track_id=in.(1,2820,3503)&order=track_id')
      const tracks = byKey(rowsOf('Track'), 'TrackId')
      expect(answer.rows).toEqual(
        [1, 2820, 3503].map((id) => {
          const track = tracks.get(id)
          return {
            track_id: id,
            name: track?.Name,
            album_id: track?.AlbumId,
            media_type_id: track?.MediaTypeId,
            genre_id: track?.GenreId,
            composer: track?.Composer,
            milliseconds: track?.Milliseconds,
            bytes: track?.Bytes,
            unit_price: track?.UnitPrice,
          }
        }),
      )
      const [employee] = (await store.tenants.acme.get('/employees?employee_id=eq.1&select=birth_date')).rows
      expect(Date.parse(String(employee?.birth_date))).toBe(Date.parse('1962-02-18T00:00:00Z'))
    })

    test('invoice totals by country equal the file and SQL', async () => {
      const expected = sumBy(
        rowsOf('Invoice'),
        (row) => String(row.BillingCountry),
        (row) => Number(row.Total),
      )
      for (const tenant of tenants()) {
        const answer = await tenant.get('/invoices?select=billing_country,total.sum(),count()')
        const sums = answer.rows.map((row) => [String(row.billing_country), Math.round(Number(row.sum) * 100)] as const)
        expect(new Map(sums)).toEqual(expected)
        const sql = await store.ownerQuery(
          `select billing_country, (sum(total) * 100)::int from ${STORE_SCHEMA}.invoices where tenant_id = '${tenant.id}' group by 1`,
        )
        expect(new Map(sql.map(([country, cents]) => [String(country), Number(cents)]))).toEqual(new Map(sums))
      }
    })

    test('tracks by playlist, by the junction and through it', async () => {
      const counts = Map.groupBy(rowsOf('PlaylistTrack'), (row) => row.PlaylistId)
      const answer = await store.tenants.globex.get(
        '/playlists?select=playlist_id,playlist_tracks(count),tracks(count)',
      )
      expect(answer.rows).toHaveLength(18)
      for (const { playlist_id: id, playlist_tracks: junction, tracks } of answer.rows) {
        const count = counts.get(Number(id))?.length ?? 0
        expect([id, junction, tracks]).toEqual([id, [{ count }], [{ count }]])
      }
    })

    test('the employee tree, upwards and downwards', async () => {
      const answer = await store.tenants.acme.get(
        '/employees?select=employee_id,manager(employee_id),reports(employee_id)&reports.order=employee_id&order=employee_id',
      )
      const employees = rowsOf('Employee')
      expect(answer.rows).toEqual(
        employees.map((row) => ({
          employee_id: row.EmployeeId,
          manager: row.ReportsTo === null ? null : { employee_id: row.ReportsTo },
          reports: employees
            .filter((other) => other.ReportsTo === row.EmployeeId)
            .map((other) => ({ employee_id: other.EmployeeId })),
        })),
      )
    })

    test('revenue and tracks by genre, by aggregates over spreads', async () => {
      const tracks = byKey(rowsOf('Track'), 'TrackId')
      const genres = byKey(rowsOf('Genre'), 'GenreId')
      const genreOf = (trackId: number): string => String(genres.get(tracks.get(trackId)?.GenreId ?? null)?.Name)
      const expected = sumBy(
        rowsOf('InvoiceLine'),
        (line) => genreOf(Number(line.TrackId)),
        (line) => Number(line.UnitPrice) * Number(line.Quantity),
      )
      const revenue = await store.tenants.acme.get(
        '/invoice_lines?select=unit_price.sum(),...track(...genre(genre:name))',
      )
      const sums = revenue.rows.map((row) => [String(row.genre), Math.round(Number(row.sum) * 100)] as const)
      expect(new Map(sums)).toEqual(expected)
      const counted = await store.tenants.acme.get('/genres?select=genre_id,tracks(count)')
      for (const { genre_id: id, tracks: count } of counted.rows)
        expect(count).toEqual([{ count: rowsOf('Track').filter((row) => row.GenreId === id).length }])
    })

    test('importing again changes nothing', async () => {
      const before = await store.tenants.globex.get('/invoice_lines?select=unit_price.sum(),count()')
      await importChinook(store.tenants.globex)
      const after = await store.tenants.globex.get('/invoice_lines?select=unit_price.sum(),count()')
      expect(after.rows).toEqual(before.rows)
    })

    test('what is exported and imported elsewhere is exported the same', async () => {
      const copy = await store.newTenant()
      for (const [tenant, name] of [
        [store.tenants.acme, 'first'],
        [copy, 'second'],
      ] as const) {
        const out = join(store.folder, name)
        const exported = await store.cli([
          'export',
          ...store.access(tenant),
          '--schema',
          SCHEMA_PATH,
          '--out',
          out,
          '--json',
        ])
        expect(exported.code, exported.err).toBe(0)
        if (tenant === copy) break
        const report = join(store.folder, 'copy.refused.ndjson')
        // Without the schema nothing is known of references: files come by name, and rows wait for others.
        const imported = await store.cli(['import', out, ...store.access(copy), '--report', report, '--json'])
        expect(imported).toMatchObject({ code: 0, err: '' })
        expect(JSON.parse(imported.out)).toMatchObject({ written: 15607, refused: 0 })
        await store.cli([
          'export',
          ...store.access(copy),
          '--schema',
          SCHEMA_PATH,
          '--out',
          join(store.folder, 'second'),
        ])
      }
      for (const entity of Object.values(ENTITIES)) {
        const [first, second] = ['first', 'second'].map((name) =>
          readFileSync(join(store.folder, name, `${entity}.ndjson`), 'utf8'),
        )
        expect(second, entity).toBe(first)
      }
    })

    test('CSV is one file with one header, and comes back in', async () => {
      const file = join(store.folder, 'csv')
      const all = [
        'export',
        ...store.access(store.tenants.acme),
        '--schema',
        SCHEMA_PATH,
        '--format',
        'csv',
        '--out',
        file,
      ]
      expect(await store.cli([...all, '--entity', 'customers', '--entity', 'tracks'])).toMatchObject({ code: 0 })
      const lines = readFileSync(join(file, 'tracks.csv'), 'utf8').trimEnd().split('\n')
      expect(lines.filter((line) => line.startsWith('track_id,'))).toHaveLength(1)
      expect(lines.length).toBeGreaterThanOrEqual(3504)
      const copy = await store.newTenant()
      const path = join(file, 'customers.csv')
      const without = ['--map', 'customers.support_rep_id=']
      const ran = await store.cli([
        'import',
        path,
        ...store.access(copy),
        ...without,
        '--report',
        join(store.folder, 'csv.refused'),
      ])
      expect(ran).toMatchObject({ code: 0, err: '' })
      const query = '/customers?select=customer_id,first_name,company,postal_code&order=customer_id'
      expect((await copy.get(query)).rows).toEqual((await store.tenants.acme.get(query)).rows)
    })

    test('one tenant’s rows are its own', async () => {
      const gone = await store.tenants.globex.delete('/invoices?billing_country=eq.Brazil')
      expect(gone.status).toBe(204)
      const brazil = rowsOf('Invoice').filter((row) => row.BillingCountry === 'Brazil').length
      const left = await store.tenants.acme.get('/invoices?billing_country=eq.Brazil&select=count()')
      expect(left.rows).toEqual([{ count: brazil }])
    })
  })
}
