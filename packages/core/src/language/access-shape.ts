/** The shape of `access:`: role → action → rule. Which parts suit which action is checked by `resolve-access.ts`. */
import * as v from 'valibot'
import type { AccessDocument } from './access-document.ts'
import { closed, either, expression, flag, names, recordOf } from './shape-parts.ts'

const rule = v.exactOptional(
  either(
    [
      flag,
      closed('rule', {
        where: v.exactOptional(expression),
        fields: v.exactOptional(names),
        except: v.exactOptional(names),
        check: v.exactOptional(expression),
      }),
    ],
    'true, false, or an object such as `{ where: … }`',
  ),
)

const denial = v.exactOptional(
  either(
    [
      v.literal(true, 'true'),
      closed('deny rule', { where: v.exactOptional(expression), fields: v.exactOptional(names) }),
    ],
    'true, or an object such as `{ where: … }`',
  ),
)

export const accessShape: v.GenericSchema<unknown, AccessDocument> = recordOf(
  closed('role in `access`', {
    read: rule,
    create: rule,
    update: rule,
    delete: rule,
    deny: v.exactOptional(closed('deny', { read: denial, create: denial, update: denial, delete: denial })),
  }),
  'an object of roles and their rules',
)
