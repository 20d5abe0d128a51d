/** Reads a file of policy tests, such as `crm.test.yaml`, beside the schema that it is for. */
import * as v from 'valibot'
import type { CompiledSchema } from '../contracts/compiled.ts'
import type { PolicyTest } from '../contracts/policy-test.ts'
import { describeIssue } from './describe-issue.ts'
import { SchemaProblems } from './problem.ts'
import { type Reading, readYaml } from './read-yaml.ts'
import { resolveTests } from './resolve-tests.ts'
import { schemaTestScope } from './test-scope.ts'
import type { TestFileDocument } from './tests-document.ts'
import { testFileShape } from './tests-shape.ts'

/**
 * The tests of a document `{ schema?, description?, tests: [...] }`, as plain data.
 *
 * @throws `SchemaProblems` (`TESTS_INVALID`, 422) with every problem of the text, each placed.
 * @example readTests('tests: [{ as: { role: sales }, can: { read: contacts } }]', crm)[0].expectations[0].allowed // true
 */
export function readTests(text: string, schema: CompiledSchema): readonly PolicyTest[] {
  const { tree, problems, locate } = reading(text)
  const result = v.safeParse(testFileShape, tree)
  for (const issue of result.issues ?? []) {
    problems.report(
      describeIssue(
        issue,
        (issue.path ?? []).map((item) => item.key as string | number),
      ),
    )
  }
  const document: TestFileDocument = result.success ? result.output : {}
  if (document.schema !== undefined && document.schema !== schema.name) {
    const message = `the tests are for \`${document.schema}\`, the schema is \`${schema.name}\``
    problems.report({ path: ['schema'], code: 'OTHER_SCHEMA', message })
  }
  const tests = resolveTests(schemaTestScope(schema, problems, locate), document.tests ?? [], ['tests'])
  if (problems.all().length > 0) throw new SchemaProblems(problems.all(), 'tests')
  return tests
}

function reading(text: string): Reading {
  try {
    return readYaml(text)
  } catch (error) {
    throw error instanceof SchemaProblems ? new SchemaProblems(error.problems, 'tests') : error
  }
}
