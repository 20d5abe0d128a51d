/** Parts of a compiled schema as they are compared: of expressions their sources, since what is made of them is the compiler's. */
import type { CompiledEntity, CompiledField, CompiledHook } from '@backsaas/core'

/** The properties of a field, what is said of the version before left out. */
export function fieldContent({
  id: _id,
  evolution: _evolution,
  computed,
  ...field
}: CompiledField): Readonly<Record<string, unknown>> {
  const { default: given } = field
  return {
    ...field,
    ...(given && 'expression' in given && { default: { source: given.expression.source } }),
    ...(computed && { computed: { source: computed.expression.source, stored: computed.stored } }),
  }
}

/** The rules of an entity, wherever they are written in the document. */
export function accessContent({ access }: CompiledEntity): readonly string[] | null {
  return inAnyOrder(
    access?.map(({ role, action, effect, where, check, fields }) => {
      return { role, action, effect, where: where?.source, check: check?.source, fields: fields?.toSorted() }
    }),
  )
}

/** The checks of an entity and of its fields. */
export function checksContent({ checks }: CompiledEntity): readonly string[] | null {
  return inAnyOrder(checks?.map(({ field, expression }) => ({ field, source: expression.source })))
}

/** The hooks of an entity, in their order. */
export function hooksContent({ hooks }: CompiledEntity): Readonly<Record<string, readonly object[]>> | null {
  if (!hooks) return null
  const content = ({ use, on, params, when }: CompiledHook): object => ({ use, on, params, when: when?.source })
  return Object.fromEntries(Object.entries(hooks).map(([moment, list]) => [moment, list.map(content)]))
}

function inAnyOrder(parts: readonly object[] | undefined): readonly string[] | null {
  return parts?.map((part) => JSON.stringify(part)).toSorted() ?? null
}
