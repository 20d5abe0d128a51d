/** The functions that are shipped, in the order of their pages. */
import type { FunctionDefinition } from '@backsaas/core'
import { email } from './communication/email.ts'
import { notify } from './communication/notify.ts'
import { webhook } from './communication/webhook.ts'
import { audit } from './security/audit.ts'
import { generateKey } from './security/generate-key.ts'
import { mask } from './security/mask.ts'
import { passwordHash } from './security/password-hash.ts'
import { sign } from './security/sign.ts'
import { hash } from './transform/hash.ts'
import { lower } from './transform/lower.ts'
import { phone as writePhone } from './transform/phone.ts'
import { sequence } from './transform/sequence.ts'
import { slug } from './transform/slug.ts'
import { title } from './transform/title.ts'
import { trim } from './transform/trim.ts'
import { dateRange } from './validation/date-range.ts'
import { emailDomain } from './validation/email-domain.ts'
import { jsonSchema } from './validation/json-schema.ts'
import { luhn } from './validation/luhn.ts'
import { passwordStrength } from './validation/password-strength.ts'
import { phone as checkPhone } from './validation/phone.ts'
import { uniqueAcross } from './validation/unique-across.ts'
import { url } from './validation/url.ts'

export const SHIPPED: readonly FunctionDefinition[] = Object.freeze([
  ...[dateRange, emailDomain, jsonSchema, luhn, passwordStrength, checkPhone, uniqueAcross, url],
  ...[hash, lower, writePhone, sequence, slug, title, trim],
  ...[audit, generateKey, mask, passwordHash, sign],
  ...[email, notify, webhook],
])
