/**
 * The five tasks of the demo, as data. Two change the same line, so the later one comes back as a conflict; one breaks
 * a rule of the project at first, so it comes back red; one needs two others. Each says in plain words what to do, for
 * a person and for a model; the shell block beside it is what the `script` agent runs.
 */

export interface Task {
  key: string
  title: string
  words: string
  script: string
  /** Keys of tasks that must have landed first. */
  needs: string[]
  /** How the Refinery sends the script agent's work back once; of the two conflicting ones it is the later. */
  comesBack?: 'red' | 'conflict'
}

/** Folder beside the town's root where the two workers that will conflict wait for each other. */
export const MEETING = 'meeting'

/** Both workers have their branch before either hands in, so the later one conflicts for certain, however fast the first is. */
const MEET = `  meeting="$(dirname "$GT_TOWN")/${MEETING}"
  touch "$meeting/$GT_BEAD"
  looks=0
  while [ "$(ls "$meeting" | wc -l)" -lt 2 ] && [ "$looks" -lt 300 ]; do
    looks=$((looks + 1))
    sleep 0.05
  done`

/** Changes a line of `greet`; in round 2 (the conflict came back) on top of what is on main by now. */
const change = (sed: string, check: string, test: string): string => `if [ "$GT_ROUND" -eq 1 ]; then
${MEET}
else
  # Both changes belong on that line: take what is on main, then make this change there.
  git merge --no-commit origin/main || git checkout --theirs greet
fi
sed '${sed}' greet > greet.new
cat greet.new > greet
rm greet.new
cat > ${check} <<'END'
${test}
END
sh test.sh`

export const TASKS: Task[] = [
  {
    key: 'french',
    title: 'Say hello in French',
    words: 'Add the file `lang/fr` with the French greeting, `Bonjour`.',
    script: 'echo Bonjour > lang/fr\nsh test.sh',
    needs: [],
  },
  {
    key: 'german',
    title: 'Say hello in German',
    words: 'Add the file `lang/de` with the German greeting, `Hallo`.',
    script: `if [ "$GT_ROUND" -eq 1 ]; then
  # A hasty first try that breaks a rule of the project, and does not run its tests.
  printf 'Hallo\\nGuten Tag\\n' > lang/de
else
  # It came back with the gate's own words: mend what they say.
  grep 'lang/de: a greeting is exactly one line' "$GT_EVIDENCE"
  echo Hallo > lang/de
  sh test.sh
fi`,
    needs: [],
    comesBack: 'red',
  },
  {
    key: 'world',
    title: 'Greet the world',
    words:
      'Without a name, `sh greet` must say `Hello, world!`. Change only the last line of `greet`, and add the check `tests/world.sh` for it.',
    script: change(
      `s/\\$1/\${1:-world}/`,
      'tests/world.sh',
      'said=$(sh greet)\n[ "$said" = "Hello, world!" ] || { echo "greet said: $said"; exit 1; }',
    ),
    needs: [],
    comesBack: 'conflict',
  },
  {
    key: 'ending',
    title: 'Let the ending vary',
    words:
      'The variable `GREET_END` replaces the exclamation mark: `GREET_END=. sh greet Ada` must say `Hello, Ada.`. Change only the last line of `greet`, and add the check `tests/ending.sh` for it.',
    script: change(
      `s/!"$/\${GREET_END:-!}"/`,
      'tests/ending.sh',
      'said=$(GREET_END=. sh greet Ada)\n[ "$said" = "Hello, Ada." ] || { echo "greet Ada said: $said"; exit 1; }',
    ),
    needs: [],
    comesBack: 'conflict',
  },
  {
    key: 'list',
    title: 'List the languages',
    words: 'Add a section `## Languages` to README.md: one line for each file in `lang/`, like `- fr: Bonjour`.',
    script: `printf '\\n## Languages\\n\\n' >> README.md
for file in lang/*; do
  echo "- $(basename "$file"): $(cat "$file")" >> README.md
done
sh test.sh`,
    needs: ['french', 'german'],
  },
]

/** The body of a task's bead. A model gets the words alone: it has no use for a script that errs on purpose. */
export function bodyOf(task: Task, agent: string): string {
  if (agent !== 'script') return `${task.words}\n\nRun \`sh test.sh\` before you hand in.\n`
  return `${task.words}\n\nWhat the script agent runs:\n\n\`\`\`sh\n${task.script}\n\`\`\`\n`
}
