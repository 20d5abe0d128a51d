/** Ways to ask for what may not be known, over every route that can carry the name. */
import type { Asked } from './steps.ts'

const KEEP = 'tx=rollback'

/** Requests that name `name` wherever a name may stand. */
export function attacksOn(name: string): readonly Asked[] {
  return [...selects(name), ...filters(name), ...embeds(name), ...writes(name), ...items(name)]
}

function selects(name: string): readonly Asked[] {
  const lists = [
    ...[name, `x:${name}`, `${name}::text`, `*,${name}`, `number,${name}`, `"${name}"`, name.toUpperCase()],
    ...[`${name}.count()`, `${name}.max()`, `title,${name}.sum()`, `${name}->a`, `x:${name}->>a`, `${name}->0`],
    ...[` ${name}`, `${name}::regclass`, `title->${name}`, `...${name}(*)`],
  ]
  return [
    ...lists.map((list) => get(`/notes?select=${encodeURIComponent(list)}`)),
    get(`/notes?select=${name}`, { prefer: 'count=exact' }),
    get(`/notes?select=${name}`, { accept: 'text/csv' }),
    get(`/notes?select=${name}&number=eq.1`, { accept: 'application/vnd.pgrst.object+json' }),
    get(`/notes?select=${name}&limit=1`, { accept: 'application/vnd.pgrst.array+json;nulls=stripped' }),
    { ...get(`/notes?select=${name}`), method: 'HEAD' },
  ]
}

function filters(name: string): readonly Asked[] {
  const parameters = [
    ...[
      'eq.1',
      'neq.x',
      'is.null',
      'not.is.null',
      'in.(1,2)',
      'gt.0',
      'like.s*',
      'ilike.S*',
      'match.^s',
      'isdistinct.1',
    ],
    ...['cs.{a}', 'fts.s', 'eq(any).{1,2}', 'nope', ''],
  ].map((text) => `${name}=${text}`)
  const logic = [
    ...[
      `or=(${name}.eq.1,number.eq.1)`,
      `and=(number.gt.0,not.or(${name}.is.null,number.eq.9))`,
      `not.and=(${name}.eq.1)`,
    ],
    ...[
      `or=(number.eq.1,and(title.not.is.null,${name}->>a.eq.red))`,
      `${name}->>colour=eq.red`,
      `${name}->colour=not.is.null`,
    ],
    ...[
      `order=${name}`,
      `order=number,${name}.desc.nullslast`,
      `order=${name}->>colour`,
      `order=title,${name.toUpperCase()}`,
    ],
    ...[`${name.toUpperCase()}=eq.1`, `"${name}"=eq.1`, `title=eq.${name}`, `${name}.order=number`, `${name}.limit=1`],
    ...[
      `or=(${name}.not.is.null)`,
      `${name}=is.null&select=number,tags(label)`,
      `columns=${name}`,
      `on_conflict=${name}`,
    ],
  ]
  return [...parameters, ...logic].flatMap((query) => [
    get(`/notes?${query}`),
    get(`/notes?select=count()&${query}`),
    get(`/tags?select=label,note!inner(number)&note.${query}`),
  ])
}

function embeds(name: string): readonly Asked[] {
  const selected = [
    ...[
      `number,${name}(*)`,
      `number,x:${name}(*)`,
      `number,${name}!inner(*)`,
      `number,...${name}(*)`,
      `${name}!left()`,
    ],
    ...[`number,tags!${name}(*)`, `number,tags(${name})`, `number,tags(weight)`, `number,tags(label,note(${name}))`],
    ...[`number,tags(x:${name}.max())`, `tags(weight.sum())`, `number,x:notes!${name}(*)`, `${name}(count())`],
  ]
  const ofTags = [
    ...[`select=note(${name})`, `select=...note(${name})`, `select=label,note(*)&note.${name}=eq.1`, 'select=weight'],
    ...[
      `select=label,note(*)&order=note(${name})`,
      `select=label,note(*)&note.order=${name}`,
      'weight=eq.7',
      'order=weight',
    ],
    ...[
      `select=label,x:note!inner()&x.${name}=eq.s1`,
      `select=note(x:${name}.max())`,
      `select=note(number,${name}(*))`,
    ],
    ...[`select=label,note(${name}->>colour)`, `select=label,note(*)&or=(note.not.is.null,weight.eq.7)`],
  ]
  return [
    ...selected.map((list) => get(`/notes?select=${encodeURIComponent(list)}`)),
    get(`/notes?select=number,tags(label)&tags.${name}=eq.7`),
    get(`/notes?select=number,tags(label)&tags.weight=eq.7`),
    get(`/notes?select=number,tags(label)&tags.order=weight`),
    get(`/notes?select=number,tags!inner(label)&tags.or=(weight.eq.7,label.eq.red)`),
    ...ofTags.map((query) => get(`/tags?${query}`)),
  ]
}

function writes(name: string): readonly Asked[] {
  const row = { number: 7, title: 'seven' }
  const answered = `return=representation, ${KEEP}`
  const nested = { ...row, [name]: [{ code: 'S2', name: 'south' }] }
  return [
    post('/notes', { ...row, [name]: 1 }),
    post('/notes', { ...row, [name]: null }),
    post('/notes', nested),
    post('/notes', { ...row, tags: [{ label: 'new' }] }),
    post('/notes', [{ ...row }, { ...row, [name]: 1 }]),
    post('/notes', [{ ...row, [name]: 1 }], `missing=default, ${KEEP}`),
    post(`/notes?columns=number,title,${name}`, row),
    post(`/notes?columns=${name}`, row),
    post('/notes?columns=number,title', { ...row, [name]: 1 }),
    post(`/notes?select=${name}`, row, answered),
    post(`/notes?select=number,${name}(*)`, row, answered),
    post(`/notes?${name}=eq.1`, row),
    post('/notes', row, answered),
    post('/notes', row, `return=headers-only, ${KEEP}`),
    post(`/notes?on_conflict=${name}`, { ...row, title: 'note 1' }, `resolution=merge-duplicates, ${KEEP}`),
    post(`/notes?on_conflict=${name}`, row, `resolution=ignore-duplicates, ${KEEP}`),
    post(`/notes?on_conflict=title,${name}`, row, `resolution=merge-duplicates, ${KEEP}`),
    post('/notes', { number: 1, title: 'one', [name]: 1 }, `resolution=merge-duplicates, ${KEEP}`),
    post('/notes', { number: 1, title: 'one' }, `resolution=merge-duplicates, ${answered}`),
    { ...post('/notes', `number,${name}\n7,1`), headers: { 'content-type': 'text/csv', prefer: KEEP } },
    {
      ...post('/notes', `number=7&${name}=1`),
      headers: { 'content-type': 'application/x-www-form-urlencoded', prefer: KEEP },
    },
    patch('/notes?number=eq.1', { [name]: 1 }),
    patch('/notes?number=eq.1', { title: 'x', [name]: null }),
    patch(`/notes?${name}=eq.1`, { title: 'x' }),
    patch(`/notes?or=(${name}.eq.1,number.eq.1)`, { title: 'x' }),
    patch(`/notes?number=eq.1&select=${name}`, { title: 'x' }, answered),
    patch(`/notes?number=eq.1&order=${name}`, { title: 'x' }, answered),
    patch(`/notes?number=eq.1&columns=${name}`, { title: 'x' }),
    patch('/notes?number=eq.1', { title: 'x' }, answered),
    {
      method: 'PUT',
      path: '/notes?number=eq.1',
      headers: { prefer: KEEP },
      body: { number: 1, title: 'x', [name]: 1 },
    },
    { method: 'PUT', path: `/notes?${name}=eq.1`, headers: { prefer: KEEP }, body: { number: 1, title: 'x' } },
    remove(`/notes?${name}=eq.1`),
    remove(`/notes?not.or=(${name}.is.null)`),
    remove(`/notes?number=eq.1&select=${name}`, answered),
    remove('/notes?number=eq.1', answered),
  ]
}

function items(name: string): readonly Asked[] {
  const matching = (method: string, header: string, value: string): Asked => ({
    method,
    path: '/notes/1',
    headers: { [header]: value, prefer: KEEP },
    ...(method === 'GET' || method === 'DELETE' ? {} : { body: { title: 'x' } }),
  })
  return [
    get('/notes/1'),
    get('/notes/9'),
    get(`/notes/${name}`),
    get(`/notes/1?select=${name}`),
    get(`/notes/1?select=number,${name}(*)`),
    get(`/notes/1?${name}=eq.1`),
    patch('/notes/1', { [name]: 1 }),
    patch(`/notes/1?select=${name}`, { title: 'x' }, `return=representation, ${KEEP}`),
    patch('/notes/1', { title: 'x' }, `return=representation, ${KEEP}`),
    remove(`/notes/1?select=${name}`, `return=representation, ${KEEP}`),
    { method: 'PUT', path: '/notes/1', headers: { prefer: KEEP }, body: { title: 'x', [name]: 1 } },
    { method: 'PUT', path: '/notes/1', headers: { prefer: `return=representation, ${KEEP}` }, body: { title: 'x' } },
    ...['"1"', '"2"', '*', 'W/"1"'].flatMap((value) => [
      matching('GET', 'if-none-match', value),
      matching('PATCH', 'if-match', value),
      matching('PUT', 'if-match', value),
      matching('DELETE', 'if-match', value),
      matching('PUT', 'if-none-match', value),
    ]),
  ]
}

function get(path: string, headers: Asked['headers'] = {}): Asked {
  return { method: 'GET', path, headers }
}

function post(path: string, body: unknown, prefer: string = KEEP): Asked {
  return { method: 'POST', path, headers: { prefer }, body }
}

function patch(path: string, body: unknown, prefer: string = KEEP): Asked {
  return { method: 'PATCH', path, headers: { prefer }, body }
}

function remove(path: string, prefer: string = KEEP): Asked {
  return { method: 'DELETE', path, headers: { prefer } }
}
