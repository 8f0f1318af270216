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
# Who works unless a sling or a rig says otherwise: "claude", "codex", "gemini", "opencode", "script" (gt config agent list), or
# an [agents.NAME] table of this file.
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

# [witness]                # help for workers that stand still
# idle_after = "2m"        # an agent that ended its turn without handing in is reminded
# step = "3m"              # between reminder, wake-up line, diagnosis and a person
# dialog = "45s"           # at a dialog or an unknown screen, a person is asked
# context = 85             # percent of its context at which a worker is asked to hand off

# Chores: gt dog list shows them. With backup_to, a folder outside the town or a git URL, the ledger is backed up.
# [dogs]
# keep_work = "90d"        # what ended runs left can be had back for this long
# log_mb = 8               # a longer log is put aside, compressed

# Formulas on a timetable: gt order list shows them, gt order add NAME FORMULA RIG makes one.
# [orders.NAME]
# formula = "docs-pass"    # gt formula list
# rig = "app"
# every = "7d"             # from one turn to the next; 1d unless said
# at = "03:00"             # of the day; without it, that long after the last turn
# when = 'test -n "$(git --git-dir "$GT_REPO" log --since="$GT_LAST" --format=%h origin/main)"'   # exit 0: do it
# vars = { documents = "README.md" }

# [host]                   # nothing new starts while the machine has less to give; 0 switches one off
# max_load = 5             # load average of the last minute, for each core
# min_memory_mb = 512      # free memory
# min_disk_mb = 512        # room on the disk of this folder

# [mail]
# expire = "7d"            # a message that nobody was shown for this long is given up, and its sender told
# groups = { backend = ["app/crew/max", "app/crew/lea"] }   # written @backend

# How you are told that something waits for you, once for each thing: gt attend lists it.
# [notify]
# command = ["/path/to/program", "--flag"]   # gets a title and a text as its last two arguments
# bell = true              # in every terminal that is attached to this town
# desktop = true           # notify-send, or the Mac's own
# webhook = "https://example.org/hook"   # gets a POST with JSON
# min_severity = "low"     # low | medium | high | critical

# Logins for agents, used in this order; one that met its usage limit rests until that ends. Without any: your own login.
# Log in once for each, here with: CLAUDE_CONFIG_DIR=~/.claude-work claude
# [accounts.NAME]
# env = { CLAUDE_CONFIG_DIR = "~/.claude-work" }   # or CLAUDE_CODE_OAUTH_TOKEN, ANTHROPIC_API_KEY …
# roles = ["polecat", "refinery"]   # of mayor, polecat, witness, refinery, crew, dog; without it: all of them

# What may be spent, in dollars or tokens; docs/costs.md says what happens.
# [budget]
# day = 50                 # by the whole town
# convoy = 40              # by an epic and all under it
# bead = 10
# run = "20M tokens"
# warn = 80                # percent: you are told. At 100 nothing new starts
# stop = 120               # percent: workers are stopped, their work is kept
# exempt = []              # agents that no budget concerns

# Which model each role starts with; docs/costs.md says what comes first.
# [models]
# polecat = "sonnet"       # mayor, crew, polecat, witness, refinery
# label = { docs = "haiku" }   # workers on a bead with that label

# A custom agent; docs/agents.md has more keys:
# [agents.NAME]
# command = ["/path/to/agent", "--flag"]
# prompt = "arg"           # arg | stdin | file
# hooks = "none"           # claude | none
# usage = "none"           # it uses no tokens; without this, what it uses is unknown (docs/costs.md)
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

# [models]                 # instead of the town's
# polecat = "sonnet"

# [provision]              # run in each new worktree before the agent starts
# run = "npm ci"
# timeout = "15m"

# [workers]
# agent = "claude"         # instead of the town's
`
}
