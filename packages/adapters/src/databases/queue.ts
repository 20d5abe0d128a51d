/** First in, first out, both ends in constant time however long it grows. */
export interface Queue<T> {
  push(item: T): void
  shift(): T | undefined
  /** The next to be shifted. */
  first(): T | undefined
  isEmpty(): boolean
}

/** @example const queue = createQueue<string>() */
export function createQueue<T>(): Queue<T> {
  type Node = { readonly item: T; next?: Node }
  let head: Node | undefined
  let tail: Node | undefined
  return {
    push(item) {
      const node: Node = { item }
      if (tail) tail.next = node
      else head = node
      tail = node
    },
    shift() {
      const node = head
      head = node?.next
      if (!head) tail = undefined
      return node?.item
    },
    first: () => head?.item,
    isEmpty: () => head === undefined,
  }
}
