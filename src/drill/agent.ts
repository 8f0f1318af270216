/**
 * The worker of a drill, as text for sh: a few commits, slow enough to be hit in the middle of one. Each step writes a file
 * that no other run writes, and says so in a journal outside of the town (the marks): by it the drill knows afterwards what
 * must still be there. It does what a sensible worker does about trouble: tries again what failed, goes on where an earlier
 * session of the same run stopped, and takes away a lock that was left behind.
 */
import { shellQuote } from '../agents/guard.ts'

export interface AgentPlaces {
  /** Journal of marks, outside of the town and of its disk. */
  marks: string
  /** Folder with the commit hook. */
  hooks: string
  /** While this file is there, workers wait before their first step. */
  hold: string
}

/** How long a worker takes: steps, and seconds before and in the middle of each commit. */
export interface Pace {
  steps: number
  pauseSeconds: number
  commitSeconds: number
}

/**
 * Runs of two seconds for four workers: long enough to be hit, short enough to see many. More workers take longer each, for
 * the machine can start and land only so many a second.
 */
export const paceFor = (workers: number): Pace => ({ steps: 3, pauseSeconds: workers / 8, commitSeconds: 0.15 })

/** Beads whose id ends so are done hastily at first: the gate refuses them once. One in six or so. */
const HASTY = '*[0-5]'

/** What the gate refuses. */
export const BAD = 'bad'

export function agentText({ marks, hooks, hold }: AgentPlaces, { steps, pauseSeconds }: Pace): string {
  return `#!/bin/sh
say() { echo "$*" >> ${shellQuote(marks)}; }
trap 'say left $GT_BEAD $GT_RUN $? $(date +%s%3N)' EXIT
beat() { echo PostToolUse > "$GT_TOWN/.gt/runs/$GT_RUN/beat"; } 2>/dev/null
lock=$(git rev-parse --git-path index.lock)
mine=drill/$GT_BEAD

commit() {
  while ! open=$(git status --porcelain) || [ -n "$open" ]; do
    git add -A && git -c core.hooksPath=${shellQuote(hooks)} commit -qam "$1" && continue
    sleep 0.3
    rm -f "$lock"
  done
}

echo "run $GT_RUN, round $GT_ROUND"
while [ -e ${shellQuote(hold)} ]; do sleep 0.2; done
rm -f "$lock"
until mkdir -p "$mine"; do sleep 0.3; done
case $GT_BEAD in ${HASTY}) [ "$GT_ROUND" -gt 1 ] || echo hasty > "$mine/${BAD}" ;; esac
for step in ${Array.from({ length: steps }, (_, i) => i + 1).join(' ')}; do
  beat
  file=$mine/$GT_RUN-$step
  if [ ! -s "$file" ]; then
    until echo "$GT_RUN $step" > "$file"; do sleep 0.3; done
    say wrote "$GT_BEAD" "$GT_RUN" "$step"
    sleep ${pauseSeconds}
  fi
  commit "$GT_BEAD: step $step"
  echo "step $step"
done
if [ "$GT_ROUND" -gt 1 ] && [ -e "$mine/${BAD}" ]; then
  rm "$mine/${BAD}"
  commit "$GT_BEAD: mended"
fi
tries=0
until said=$(gt done --message "$GT_BEAD" 2>&1); do
  code=$?
  echo "$said"
  tries=$((tries + 1))
  case $said in *'Stop here'*) exit "$code" ;; esac
  [ "$tries" -lt 40 ] || exit "$code"
  sleep 0.3
done
beat
exit 0
`
}

/** The commit hook: git holds the lock of the index while it sleeps. */
export const hookText = ({ commitSeconds }: Pace): string => `#!/bin/sh\nsleep ${commitSeconds}\n`

/** The gate: writes down the tree that it was given, and refuses what was done hastily. */
export function gateLine(log: string): string {
  return `git rev-parse 'HEAD^{tree}' >> ${shellQuote(log)} && ! ls drill/*/${BAD} >/dev/null 2>&1`
}

/** What the marks say. */
export interface Marks {
  /** Files that were written to their end: they may not be lost. */
  written: { bead: string; run: string; step: string }[]
  /** When a run's worker ended by itself (once each round), ms since the epoch. */
  left: Map<string, number[]>
}

/** The file that a worker wrote in a step, and what stands in it. */
export const markFile = (bead: string, run: string, step: string): { path: string; text: string } => ({
  path: `drill/${bead}/${run}-${step}`,
  text: `${run} ${step}\n`,
})

/** Reads the journal of marks; a line that is not whole (its worker was killed in the middle) promises nothing. */
export function readMarks(text: string): Marks {
  const marks: Marks = { written: [], left: new Map() }
  for (const line of text.split('\n').slice(0, -1)) {
    const [verb, bead, run, step, at] = line.split(' ')
    if (bead === undefined || run === undefined || step === undefined) continue
    if (verb === 'wrote') marks.written.push({ bead, run, step })
    else if (verb === 'left') marks.left.set(run, [...(marks.left.get(run) ?? []), Number(at)])
  }
  return marks
}
