/** A JSON document of rows: an array, or an object of entity → array. It is read as a stream, row by row. */
import { Readable } from 'node:stream'
import { BackSaasError } from '@backsaas/core'
import { Assembler } from 'stream-json/assembler.js'
import { parser, type Token } from 'stream-json/parser.js'
import { exactNumber } from './exact-json.ts'
import { isRow } from './read-ndjson.ts'
import { readTextChunks } from './read-text-chunks.ts'
import type { SourceFile, SourceRow } from './source-row.ts'

/**
 * Yields the rows in the file's order.
 *
 * @throws `FILE_INVALID` (400) where the text is not JSON or of another form; what was read until then has been yielded.
 */
export async function* readJson(file: SourceFile): AsyncGenerator<SourceRow> {
  let bytes = 0
  const stream = Readable.from(
    textOf(file.path, (read) => {
      bytes = read
    }),
  )
  const tokens = parser.asStream({ streamValues: false })
  stream.on('error', (error) => tokens.destroy(error))
  stream.pipe(tokens)
  const walker = createWalker(file)
  try {
    for await (const token of tokens) {
      const row = walker(token)
      if (row) yield { ...row, bytes }
    }
  } catch (error) {
    if (error instanceof BackSaasError || (error instanceof Error && 'code' in error)) throw error
    throw invalid(file.path, error instanceof Error ? error.message : String(error))
  } finally {
    stream.destroy()
  }
}

/** The text alone; how far it is, is told by the way. */
async function* textOf(path: string, onRead: (bytes: number) => void): AsyncGenerator<string> {
  for await (const { text, bytes } of readTextChunks(path)) {
    onRead(bytes)
    if (text !== '') yield text
  }
}

/** Follows the nesting; answers a row when its last token has come. */
function createWalker(file: SourceFile): (token: Token) => Omit<SourceRow, 'bytes'> | null {
  let source = file.name
  let row = 0
  /** What is open above the rows: nothing, the array of rows, or the object and one of its arrays. */
  const open: ('[' | '{')[] = []
  let assembler: Assembler | null = null
  const finish = (value: unknown): Omit<SourceRow, 'bytes'> => {
    row += 1
    return isRow(value) ? { source, row, values: value } : { source, row, fault: `row ${row} is not a JSON object` }
  }
  return (token) => {
    if (assembler) {
      assembler.consume(exactToken(token))
      if (!assembler.done) return null
      const value = assembler.current
      assembler = null
      return finish(value)
    }
    const inRows = open.at(-1) === '['
    if (token.name === 'keyValue') {
      source = token.value
      row = 0
    } else if (token.name === 'endArray' || token.name === 'endObject') open.pop()
    else if (inRows) {
      assembler = new Assembler()
      assembler.consume(exactToken(token))
      if (!assembler.done || token.name === 'startObject' || token.name === 'startArray') return null
      const value = assembler.current
      assembler = null
      return finish(value)
    } else if (token.name === 'startArray') open.push('[')
    else if (token.name === 'startObject' && open.length === 0) open.push('{')
    else throw invalid(file.path, 'it is neither an array of rows nor an object of entity → array of rows')
    return null
  }
}

/** The assembler would round a number; a string's value it takes as it is. */
function exactToken(token: Token): Token {
  if (token.name !== 'numberValue') return token
  return { name: 'stringValue', value: exactNumber(token.value) as unknown as string } // passed through unread
}

function invalid(path: string, reason: string): BackSaasError {
  return new BackSaasError('FILE_INVALID', 400, `${path} cannot be read: ${reason}`, {
    hint: 'it holds an array of objects, or an object of entity → array of objects',
  })
}
