/** The change that is measured: a rename, a conversion and a split. */

export const BEFORE = `schema: shop
entities:
  people:
    fields:
      n: { type: bigint, required: true }
      title: { type: string, required: true, max: 100 }
      price: { type: integer, required: true, min: 0 }
      name: { type: string, required: true }
      other: { type: string }
`
export const AFTER = `schema: shop
entities:
  people:
    removed: { name: { down: "first + ' ' + last" } }
    fields:
      n: { type: bigint, required: true }
      heading: { type: string, required: true, max: 100, renamed_from: title }
      price:
        type: decimal
        required: true
        min: 0
        convert: { up: "decimal(price) / decimal(100)", down: "int(price * decimal(100))" }
      first: { type: string, required: true, convert: { up: "name.split(' ')[0]" } }
      last: { type: string, required: true, convert: { up: "name.split(' ')[1]" } }
      other: { type: string }
`
