/** The shapes of the differences between two versions of a schema. */
import * as v from 'valibot'
import { name } from './event-definition.ts'
import type { CompatibleChange, SchemaChange } from './payloads.ts'

const names = v.pipe(v.array(name), v.minLength(1))

const ofEntity = <const T extends string>(type: T) => v.strictObject({ type: v.literal(type), entity: name })
const ofField = <const T extends string>(type: T) =>
  v.strictObject({ type: v.literal(type), entity: name, field: name })
const ofFields = <const T extends string>(type: T) =>
  v.strictObject({ type: v.literal(type), entity: name, fields: names })
const ofProperty = <const T extends string>(type: T) =>
  v.strictObject({ type: v.literal(type), entity: name, field: name, property: name })
const ofRelation = <const T extends string>(type: T) =>
  v.strictObject({ type: v.literal(type), entity: name, relation: name })

const COMPATIBLE = [
  ofEntity('AddEntity'),
  ofField('AddField'),
  ofFields('AddIndex'),
  ofRelation('AddRelation'),
  ofProperty('ChangeFieldNote'),
  v.strictObject({ type: v.literal('ChangeRoles') }),
  ofEntity('ChangeAccess'),
  ofEntity('ChangeChecks'),
  ofEntity('ChangeEvents'),
  ofEntity('ChangeHooks'),
  v.strictObject({ type: v.literal('ChangeFunctions') }),
  ofEntity('RenameEntity'),
  ofField('RenameField'),
  ofProperty('WidenField'),
  ofEntity('ChangeRelations'),
  ofFields('RemoveIndex'),
] as const

const BREAKING = [
  ofEntity('RemoveEntity'),
  ofField('RemoveField'),
  ofField('AddRequiredField'),
  ofField('AddIdentity'),
  ofField('ChangeType'),
  ofProperty('ChangeField'),
  ofEntity('ChangeKey'),
  ofFields('AddUnique'),
  ofFields('RemoveUnique'),
  ofRelation('RemoveRelation'),
  ofRelation('ChangeRelation'),
] as const

export const compatibleChanges: v.GenericSchema<readonly CompatibleChange[]> = v.array(v.variant('type', COMPATIBLE))

/** A version that breaks may bring what is compatible too. */
export const schemaChanges: v.GenericSchema<readonly SchemaChange[]> = v.array(
  v.variant('type', [...COMPATIBLE, ...BREAKING]),
)
