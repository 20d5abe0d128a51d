/** A rename, a conversion and a split of one entity, as documents. */

export interface Documents {
  readonly before: string
  readonly after: string
}

/** @param fields that both have besides, a line each. */
export function renamedConvertedSplit(schema: string, ...fields: readonly string[]): Documents {
  const more = fields.map((field) => `      ${field}\n`).join('')
  return {
    before: `schema: ${schema}
entities:
  people:
    fields:
${more}      title: { type: string, required: true, max: 100 }
      price: { type: integer, required: true, min: 0 }
      name: { type: string, required: true }
      other: { type: string }
`,
    after: `schema: ${schema}
entities:
  people:
    removed: { name: { down: "first + ' ' + last" } }
    fields:
${more}      heading: { type: string, required: true, max: 100, renamed_from: title }
      price:
        type: decimal
        required: true
        min: 0
        convert: { up: "decimal(price) / decimal(100)", down: "int(price * decimal(100))" }
      first: { type: string, required: true, convert: { up: "name.split(' ')[0]" } }
      last: { type: string, required: true, convert: { up: "name.split(' ')[1]" } }
      other: { type: string }
`,
  }
}
