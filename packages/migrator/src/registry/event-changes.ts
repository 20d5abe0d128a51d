/** The differences between two versions, as events tell them. */
import { invariant } from '@backsaas/core'
import type { CompatibleChange, SchemaChange } from '@backsaas/core/events'
import type { Change } from '../plan/diff.ts'

/** Those of an event of the type `schema.updated.compatible`. */
export function compatibleEventChanges(changes: readonly Change[]): readonly CompatibleChange[] {
  invariant(
    changes.every((change) => change.class === 'compatible'),
    'what breaks is no compatible update',
  )
  // What each kind becomes is compatible where the kind is: see `MAKERS`.
  return eventChanges(changes) as readonly CompatibleChange[]
}

/** @example eventChanges(diffSchemas(crm1, crm2)) // [{ type: 'AddField', entity: 'contacts', field: 'phone' }] */
export function eventChanges(changes: readonly Change[]): readonly SchemaChange[] {
  return changes.map((change) => {
    const make = MAKERS[change.type]
    invariant(make, `a change of the type ${change.type} is told in some way`)
    return make(placeOf(change))
  })
}

/** What a pointer names: `/entities/contacts/fields/email/type`. */
interface Place {
  readonly entity: string
  /** A field or a relation. */
  readonly member: string
  readonly property: string
  readonly fields: readonly string[]
}

function placeOf({ pointer, fields = [] }: Change): Place {
  const [, , entity = '', , member = '', ...rest] = pointer.split('/')
  return { entity, member, property: rest.join('/') || 'values', fields }
}

function changeField({ entity, member, property }: Place): SchemaChange {
  return { type: 'ChangeField', entity, field: member, property }
}

const MAKERS: Readonly<Record<string, (place: Place) => SchemaChange>> = {
  ADD_ENTITY: ({ entity }) => ({ type: 'AddEntity', entity }),
  ADD_FIELD: ({ entity, member }) => ({ type: 'AddField', entity, field: member }),
  ADD_INDEX: ({ entity, fields }) => ({ type: 'AddIndex', entity, fields }),
  ADD_RELATION: ({ entity, member }) => ({ type: 'AddRelation', entity, relation: member }),
  CHANGE_FIELD_NOTE: ({ entity, member, property }) => ({ type: 'ChangeFieldNote', entity, field: member, property }),
  CHANGE_ROLES: () => ({ type: 'ChangeRoles' }),
  CHANGE_ACCESS: ({ entity }) => ({ type: 'ChangeAccess', entity }),
  CHANGE_CHECKS: ({ entity }) => ({ type: 'ChangeChecks', entity }),
  CHANGE_EVENTS: ({ entity }) => ({ type: 'ChangeEvents', entity }),
  REMOVE_ENTITY: ({ entity }) => ({ type: 'RemoveEntity', entity }),
  REMOVE_FIELD: ({ entity, member }) => ({ type: 'RemoveField', entity, field: member }),
  ADD_REQUIRED_FIELD: ({ entity, member }) => ({ type: 'AddRequiredField', entity, field: member }),
  ADD_IDENTITY: ({ entity, member }) => ({ type: 'AddIdentity', entity, field: member }),
  CHANGE_FIELD: ({ entity, member, property }) =>
    property === 'type'
      ? { type: 'ChangeType', entity, field: member }
      : { type: 'ChangeField', entity, field: member, property },
  CHANGE_KEY: ({ entity }) => ({ type: 'ChangeKey', entity }),
  ADD_UNIQUE: ({ entity, fields }) => ({ type: 'AddUnique', entity, fields }),
  REMOVE_UNIQUE: ({ entity, fields }) => ({ type: 'RemoveUnique', entity, fields }),
  REMOVE_INDEX: ({ entity, fields }) => ({ type: 'RemoveIndex', entity, fields }),
  REMOVE_RELATION: ({ entity, member }) => ({ type: 'RemoveRelation', entity, relation: member }),
  CHANGE_HOOKS: ({ entity }) => ({ type: 'ChangeHooks', entity }),
  CHANGE_FUNCTIONS: () => ({ type: 'ChangeFunctions' }),
  CHANGE_RELATIONS: ({ entity }) => ({ type: 'ChangeRelations', entity }),
  RENAME_ENTITY: ({ entity }) => ({ type: 'RenameEntity', entity }),
  RENAME_FIELD: ({ entity, member }) => ({ type: 'RenameField', entity, field: member }),
  WIDEN_FIELD: ({ entity, member, property }) => ({ type: 'WidenField', entity, field: member, property }),
  NARROW_FIELD: changeField,
  CONVERT_FIELD: changeField,
  SET_REQUIRED: changeField,
  UNSET_REQUIRED: changeField,
  REMOVE_VALUES: changeField,
  ADD_VALUES: changeField,
  UNSET_STRICT: changeField,
  ADD_FILLED_FIELD: ({ entity, member }) => ({ type: 'AddField', entity, field: member }),
  ADD_STORED_COMPUTED: ({ entity, member }) => ({ type: 'AddField', entity, field: member }),
}
