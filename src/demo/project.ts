/** The demo's project: small, and real. A shell script that greets, with checks that can fail. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { git } from '../git/run.ts'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'

/** The command that proves a change good. */
export const GATE = 'sh test.sh'

const FILES: Record<string, string> = {
  greet: `#!/bin/sh
# greet NAME: says hello to NAME, in the language that GREET_LANG names.
word=$(cat "$(dirname "$0")/lang/\${GREET_LANG:-en}")
echo "$word, $1!"
`,
  'lang/en': 'Hello\n',
  'README.md': '# greet\n\n`sh greet NAME` says hello. `sh test.sh` runs the checks.\n',
  'test.sh': `#!/bin/sh
# Runs every check in tests/; ends at the first that fails, and says why.
cd "$(dirname "$0")" || exit 1
for check in tests/*.sh; do
  said=$(sh "$check" 2>&1) || { echo "FAILED $check: $said"; exit 1; }
  echo "ok $check"
done
`,
  'tests/hello.sh': `said=$(sh greet Ada)
[ "$said" = "Hello, Ada!" ] || { echo "greet Ada said: $said"; exit 1; }
`,
  'tests/languages.sh': `for file in lang/*; do
  [ "$(wc -l < "$file")" -eq 1 ] || { echo "$file: a greeting is exactly one line"; exit 1; }
done
`,
}

/** Who writes the first commit: the demo must work where no git identity is set up. */
const PERSON = {
  GIT_AUTHOR_NAME: 'A person',
  GIT_AUTHOR_EMAIL: 'person@gt.invalid',
  GIT_COMMITTER_NAME: 'A person',
  GIT_COMMITTER_EMAIL: 'person@gt.invalid',
}

/** Makes the repository at `dir` (absolute, new) with one commit on `main`; answers that commit's id. */
export async function makeProject(dir: string): Promise<Result<string>> {
  try {
    for (const [name, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(dir, name)), { recursive: true })
      writeFileSync(join(dir, name), text)
    }
  } catch (error) {
    return fail('E_WRITE', `The demo's project could not be written: ${messageOf(error)}.`)
  }
  const steps = [
    ['init', '--quiet', '--initial-branch=main', '--template='],
    // --force: what a person's global ignore file says is not about this project.
    ['add', '--force', '--all'],
    ['-c', 'commit.gpgSign=false', 'commit', '--quiet', '-m', 'Say hello'],
  ]
  for (const step of steps) {
    const done = await git(step, { cwd: dir, env: PERSON })
    if (done.kind === 'error') return done
  }
  const head = await git(['rev-parse', 'HEAD'], { cwd: dir })
  return head.kind === 'error' ? head : ok(head.value.stdout.trim())
}
