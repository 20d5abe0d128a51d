/**
 * One schema twice: with fields and entities that a clerk may never see, and without them. What a clerk is answered must
 * be the same, to the letter.
 */
import type { Caller } from './evaluate.ts'
import type { Served, ServedTenant } from './serve.ts'
import type { Asked } from './steps.ts'

export const CLERK: Caller = { id: '018f0000-0000-7000-8000-000000000001', kind: 'user', roles: ['clerk'] }
export const ADMIN: Caller = { id: '018f0000-0000-7000-8000-000000000002', kind: 'user', roles: ['admin'] }
/** May do all that an admin may, and is forbidden what is a secret. */
export const TORN: Caller = { ...ADMIN, roles: ['admin', 'sworn'] }

/** Does not see the note whose `ratio` cannot be worked out. */
export const AUDITOR: Caller = { ...CLERK, roles: ['auditor'] }

/** What the vault has and the bare schema has not: fields of `notes`, and names that lead to entities and relations. */
export const HIDDEN: readonly string[] = [
  ...['secret', 'pin', 'papers', 'holder', 'safe_code', 'both', 'kept', 'ratio', 'revision', 'created_by'],
  ...['safe', 'safes', 'tenant_id', 'notes_safe_code_fkey'],
]

const ALL = { read: true, create: true, update: true, delete: true }
const ROLES = { clerk: {}, admin: {}, sworn: {}, auditor: {} }

export const VAULT: string = JSON.stringify({
  schema: 'vault',
  roles: ROLES,
  entities: {
    safes: {
      key: 'code',
      fields: { code: { type: 'string', required: true }, name: { type: 'string' } },
      access: { admin: ALL },
    },
    notes: {
      key: 'number',
      without: ['created_at', 'updated_at'],
      fields: {
        number: { type: 'integer', required: true },
        title: { type: 'string', unique: true },
        secret: { type: 'string', unique: true },
        pin: { type: 'integer' },
        papers: { type: 'json' },
        holder: { type: 'uuid', default: { cel: 'current_user.id' } },
        safe_code: { to: 'safes', as: 'safe', on_delete: 'set_null' },
        both: { computed: "title + ' ' + secret" },
        kept: { computed: 'safe.name' },
        ratio: { computed: '100 / pin' },
      },
      access: {
        clerk: {
          read: { fields: ['number', 'title', 'both', 'kept', 'ratio'] },
          create: { fields: ['number', 'title'] },
          update: { fields: ['title'] },
          delete: true,
        },
        admin: ALL,
        auditor: { read: { where: "title != 'note 1'" }, update: true, delete: true },
        sworn: { deny: { read: { fields: ['secret'] }, update: { where: 'secret != null' }, delete: true } },
      },
    },
    tags: {
      key: 'label',
      without: ['created_at', 'updated_at', 'created_by', 'revision'],
      fields: {
        label: { type: 'string', required: true },
        weight: { type: 'integer' },
        note_number: { to: 'notes', as: 'note', on_delete: 'cascade' },
      },
      access: { clerk: { read: { except: ['weight'] } }, auditor: { read: true }, admin: ALL },
    },
    seals: {
      key: ['stamp', 'place'],
      fields: {
        stamp: { type: 'integer', required: true },
        place: { type: 'string', required: true },
        label: { type: 'string' },
      },
      access: {
        clerk: {
          read: { fields: ['label'] },
          create: { fields: ['label'] },
          update: { fields: ['label'] },
          delete: true,
        },
      },
    },
    crests: {
      key: 'motto',
      fields: { motto: { type: 'string', required: true }, label: { type: 'string' } },
      access: {
        clerk: { read: { fields: ['label'] }, create: { fields: ['label'] }, update: true },
        admin: ALL,
      },
    },
  },
})

export const BARE: string = JSON.stringify({
  schema: 'bare',
  roles: ROLES,
  entities: {
    notes: {
      key: 'number',
      without: ['created_at', 'updated_at', 'created_by', 'revision'],
      fields: { number: { type: 'integer', required: true }, title: { type: 'string', unique: true } },
      access: { clerk: { read: true, create: true, update: { fields: ['title'] }, delete: true }, admin: ALL },
    },
    tags: {
      key: 'label',
      without: ['created_at', 'updated_at', 'created_by', 'revision'],
      fields: {
        label: { type: 'string', required: true },
        note_number: { to: 'notes', as: 'note', on_delete: 'cascade' },
      },
      access: { clerk: { read: true }, admin: ALL },
    },
  },
})

export interface Vault {
  readonly vault: ServedTenant
  readonly bare: ServedTenant
}

/** A tenant of each, with the same rows as far as a clerk can tell. */
export async function fillVault(served: Served): Promise<Vault> {
  await served.publish(VAULT)
  await served.publish(BARE)
  const vault = await served.createTenant('attack-vault', 'vault')
  const bare = await served.createTenant('attack-bare', 'bare')
  const safe = [{ code: 'S1', name: 'north' }]
  const notes = [1, 2, 3].map((number) => ({ number, title: `note ${number}` }))
  const tags = ['red', 'blue'].map((label) => ({ label, note_number: 1 }))
  const kept = notes.map((note) => ({
    ...note,
    secret: `s${note.number}`,
    pin: note.number - 1,
    papers: { colour: 'red' },
    safe_code: 'S1',
  }))
  await add(vault, 'safes', safe)
  await add(vault, 'notes', kept)
  await add(
    vault,
    'tags',
    tags.map((tag) => ({ ...tag, weight: 7 })),
  )
  await add(bare, 'notes', notes)
  await add(bare, 'tags', tags)
  return { vault, bare }
}

async function add(tenant: ServedTenant, entity: string, rows: readonly object[]): Promise<void> {
  const came = await tenant.send(ADMIN, { method: 'POST', path: `/${entity}`, headers: {}, body: rows })
  if (came.status !== 201) throw new Error(`${entity}: ${came.status} ${came.text}`)
}

/** Everything of an answer that can tell one from another; what names the schema and the request left out. */
export async function told(tenant: ServedTenant, caller: Caller, asked: Asked): Promise<string> {
  const { status, text, headers } = await tenant.send(caller, asked)
  const kept = ['content-type', 'content-range', 'etag', 'location', 'preference-applied', 'allow', 'www-authenticate']
  const seen = [status, ...kept.map((name) => `${name}: ${headers.get(name)}`), text.replace(/"requestId":"[^"]*"/, '')]
  return seen
    .join('\n')
    .replaceAll(tenant.slug, 'TENANT')
    .replaceAll(/(schema '|'|")(vault|bare)(?=['".])/g, '$1SCHEMA')
}
