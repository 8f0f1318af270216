/** The demo's project: small, and real. A shell script that greets, with checks that can fail. */
/** The command that proves a change good. */
export const GATE = 'sh test.sh'

/** Its files. */
export const FILES: Record<string, string> = {
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
