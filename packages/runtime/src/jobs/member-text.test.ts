import { expect, test } from 'vitest'
import { memberText } from './member-text.ts'

test.each([
  ['{"source": {"a": 1.0, "b": [1e3]} }', '{"a": 1.0, "b": [1e3]}'],
  ['{ "a": "},{\\"source\\":1", "source" :\n12345678901234567890 }', '12345678901234567890'],
  ['{"source":1,"b":{"source":2},"source":[3]}', '[3]'],
  ['{"sou\\u0072ce":"x\\\\"}', '"x\\\\"'],
  ['{"other":{}}', null],
  ['{}', null],
])('%s', (json, text) => expect(memberText(json, 'source')).toBe(text))
