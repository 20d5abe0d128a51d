/** `npm run docs:events`: writes what is made of the event definitions. */
import { writeFileSync } from 'node:fs'
import { generatedFiles } from './generated.ts'

for (const [path, content] of generatedFiles()) writeFileSync(path, content)
