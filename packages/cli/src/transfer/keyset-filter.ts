/** The rows after a key, as filters of the dialect. */

/**
 * @param key the fields of the key.
 * @param after their values in the last row that was read; null for the first page.
 * @example keysetFilter(['a', 'b'], ['1', 'x']) // 'or=(a.gt."1",and(a.eq."1",b.gt."x"))', encoded
 */
export function keysetFilter(key: readonly string[], after: readonly string[] | null): string {
  if (after === null) return ''
  const [field = ''] = key
  if (key.length === 1) return `${encodeURIComponent(field)}=gt.${encodeURIComponent(after[0] ?? '')}`
  const ways = key.map((last, i) => {
    const equal = key.slice(0, i).map((name, j) => `${name}.eq.${quoted(after[j] ?? '')}`)
    const parts = [...equal, `${last}.gt.${quoted(after[i] ?? '')}`]
    return parts.length === 1 ? parts[0] : `and(${parts.join(',')})`
  })
  return `or=${encodeURIComponent(`(${ways.join(',')})`)}`
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}
