/** The settings files that a new town and a new rig begin with: what is set, and what could be, explained in place. */
import { quote } from './toml-text.ts'

/** town.toml of a new town. Comments show the defaults, so that nothing is pinned that nobody chose. */
export function townToml(name: string): string {
  return `# Settings of this town. Change them here, or with: gt config set <key> <value>
schema = 1
name = ${quote(name)}

[workers]
# How many may work at once (1 to 64).
max = 4
# Who works unless a sling or a rig says otherwise: "claude", "script", or an [agents.NAME] table of this file.
agent = "claude"
# attempts = 3             # runs of one bead before a person is asked
# rounds = 3               # times the Refinery sends work back to one worker
# start_timeout = "5m"     # to the first sign of life
# quiet_after = "10m"      # without a sign of life
# backoff = "30s"          # after a failed attempt; doubles to 10 minutes

# [permissions]            # asked once, at the first sling
# mode = "acceptEdits"     # bypass | acceptEdits | manual

# [deacon]
# heartbeat = "2m"         # a full look at the town at least this often
# radar = "1m"             # a look at who will conflict with whom at most this often

# [notify]
# command = ["notify-send", "gt"]   # run when something waits for you

# A custom agent:
# [agents.NAME]
# command = ["/path/to/agent", "--flag"]
# prompt = "arg"           # arg | stdin | file
# hooks = "none"           # claude | none
# judgement = true         # false: it does the same again whatever it is told, so a person gets what comes back
`
}

/** rig.toml of a new rig. */
export function rigToml(rig: { name: string; remote: string; branch: string; prefix: string; gate?: string }): string {
  const gate =
    rig.gate === undefined
      ? `# gate = "npm test"       # without one, finished work is held until you decide`
      : `gate = ${quote(rig.gate)}`
  return `# Settings of this rig. Change them here, or with: gt config set rig.${rig.name}.<key> <value>
schema = 1
name = ${quote(rig.name)}
# What work is fetched from, and the branch that it lands on.
remote = ${quote(rig.remote)}
branch = ${quote(rig.branch)}
# Ids of this rig's beads begin with it: ${rig.prefix}-a3f8x
prefix = ${quote(rig.prefix)}
# The command that must pass before anything lands (run by sh -c in a clean worktree).
${gate}
# Several, each with a name of its own, instead of \`gate\`:
# [[gates]]
# name = "test"
# run = "npm test"
# timeout = "15m"
# paths = ["src/**"]       # it depends on these files alone: changes elsewhere do not wait for it
# env = { NODE_ENV = "test" }   # added to its environment, and part of what its results are remembered by
# output_mb = 8            # kept of its output; more is read and dropped

[landing]
# direct: lands as soon as the gate passed. pr: through a pull request, with gh. hold: waits for a person.
policy = "direct"
# strategy = "merge"       # merge | squash | rebase
# unverified = false       # true: consent to land with no gate at all

# [refinery]
# slots = 1                # gates side by side (1 to 8), each in a worktree of its own
# batch = 30               # changes tested together at the most
# shared = true            # false: greens that workers got with gt gate run do not count for landings
# agent = "claude"         # of the Refinery's own session, for merges that workers could not mend

# [provision]              # run in each new worktree before the agent starts
# run = "npm ci"
# timeout = "15m"

# [workers]
# agent = "claude"         # instead of the town's
`
}
