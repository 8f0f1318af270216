/** Every command: where its code is, and one line for people. Order is the order of `gt --help`. */
import type { Command } from 'commander'
import type { Context } from './context.ts'

export interface CommandModule {
  /** Adds the command (and its verbs) to the program. */
  register(program: Command, context: Context): void
}

export interface Entry {
  summary: string
  group: 'start' | 'work' | 'watch' | 'town' | 'worker' | 'hidden'
  /** Rarely typed: `gt --help` names it behind the others of its group, without its summary. */
  rare?: true
  load(): Promise<CommandModule>
}

export const TABLE: Record<string, Entry> = {
  install: { group: 'start', summary: 'make a town', load: () => import('./install.ts') },
  rig: { group: 'start', summary: 'add a project to the town, list projects', load: () => import('./rig.ts') },
  config: { group: 'start', summary: 'read and change settings', load: () => import('./config.ts') },
  demo: { group: 'start', summary: 'watch a whole town work, with no account', load: () => import('./demo.ts') },
  drill: {
    group: 'start',
    summary: 'break a scratch town like yours, and see what is lost',
    load: () => import('./drill.ts'),
  },

  bead: { group: 'work', summary: 'create, list and change tasks', load: () => import('./bead.ts') },
  bd: { group: 'hidden', summary: 'the same as `gt bead`', load: () => import('./bead.ts') },
  'bd-json': { group: 'hidden', summary: 'bd’s verbs with bd’s JSON', load: () => import('./bead-compat.ts') },
  sling: { group: 'work', summary: 'put beads on workers, and see them landed', load: () => import('./sling.ts') },
  convoy: { group: 'work', summary: 'what was sent off, and how far it is', load: () => import('./convoy.ts') },
  formula: { group: 'work', summary: 'templates of work: list, check, write', load: () => import('./formula.ts') },
  order: { group: 'work', summary: 'formulas on a timetable', load: () => import('./order.ts') },
  mol: { group: 'work', summary: 'work that goes step by step', load: () => import('./mol.ts') },
  mayor: { group: 'work', summary: 'talk to the Mayor', load: () => import('./mayor.ts') },
  crew: { group: 'work', summary: 'your own long-lived helpers', load: () => import('./crew.ts') },
  mail: { group: 'work', summary: 'letters to agents and people', load: () => import('./mail.ts') },
  nudge: { group: 'work', summary: 'a word that an agent reads now', load: () => import('./nudge.ts') },

  status: { group: 'watch', summary: 'what runs, what waits for you, what landed', load: () => import('./status.ts') },
  feed: { group: 'watch', summary: 'the town in your terminal, as it happens', load: () => import('./feed.ts') },
  dashboard: { group: 'watch', summary: 'the town as a page in a browser', load: () => import('./dashboard.ts') },
  attend: { group: 'watch', summary: 'what waits for you, and one-key answers', load: () => import('./attend.ts') },
  answer: {
    group: 'watch',
    rare: true,
    summary: 'your words to an agent that asked',
    load: () => import('./attend.ts'),
  },
  polecat: { group: 'watch', summary: 'list the workers', load: () => import('./polecat.ts') },
  run: { group: 'watch', summary: 'one run: show it, stop it', load: () => import('./polecat.ts') },
  peek: { group: 'watch', summary: 'the last lines of an agent’s screen', load: () => import('./polecat.ts') },
  attach: { group: 'watch', summary: 'go to an agent’s screen', load: () => import('./polecat.ts') },
  restore: {
    group: 'watch',
    rare: true,
    summary: 'get back what a run left behind',
    load: () => import('./polecat.ts'),
  },
  trail: { group: 'watch', summary: 'what was done to a bead, by whom and why', load: () => import('./trail.ts') },
  log: { group: 'watch', rare: true, summary: 'the newest changes of the ledger', load: () => import('./trail.ts') },
  undo: { group: 'work', summary: 'take back your last change', load: () => import('./trail.ts') },
  mq: { group: 'watch', summary: 'the merge queue', load: () => import('./mq.ts') },
  reject: {
    group: 'watch',
    rare: true,
    summary: 'send a merge request back to its worker',
    load: () => import('./landing.ts'),
  },
  land: { group: 'watch', summary: 'let a held merge request land', load: () => import('./landing.ts') },
  why: { group: 'watch', summary: 'why it is so: decisions, rules, evidence', load: () => import('./why.ts') },
  costs: {
    group: 'watch',
    summary: 'tokens and dollars, by run, bead, day, model …',
    load: () => import('./costs.ts'),
  },
  seance: { group: 'watch', rare: true, summary: 'ask a past session what it knew', load: () => import('./seance.ts') },
  gate: { group: 'work', summary: 'gates: test a landing here; wait for something', load: () => import('./gate.ts') },

  up: { group: 'town', summary: 'start the town’s daemon', load: () => import('./deacon.ts') },
  stop: { group: 'town', summary: 'stop a run, or freeze everything', load: () => import('./stop.ts') },
  thaw: { group: 'town', summary: 'lift the hold; what was frozen goes on', load: () => import('./stop.ts') },
  down: { group: 'town', summary: 'end every session and the daemon', load: () => import('./deacon.ts') },
  deacon: { group: 'town', rare: true, summary: 'the daemon itself', load: () => import('./deacon.ts') },
  dog: { group: 'town', summary: 'chores: clean up, pack, back up', load: () => import('./dog.ts') },
  refinery: { group: 'town', rare: true, summary: 'work a merge queue by hand', load: () => import('./refinery.ts') },
  doctor: { group: 'town', summary: 'look for what is wrong, and mend it', load: () => import('./doctor.ts') },
  completion: { group: 'town', rare: true, summary: 'shell completion', load: () => import('./completion.ts') },

  hook: { group: 'worker', summary: 'what is on my hook', load: () => import('./worker.ts') },
  prime: { group: 'worker', summary: 'who I am and what to do', load: () => import('./worker.ts') },
  done: { group: 'worker', summary: 'hand in the work', load: () => import('./worker.ts') },
  decline: { group: 'worker', summary: 'hand the bead back, with a reason', load: () => import('./worker.ts') },
  progress: { group: 'worker', summary: 'leave a note on the bead', load: () => import('./worker.ts') },
  ask: { group: 'worker', summary: 'ask a person', load: () => import('./worker.ts') },
  escalate: { group: 'worker', summary: 'tell people what is wrong', load: () => import('./escalate.ts') },
  handoff: { group: 'worker', summary: 'go on in a fresh session, with notes', load: () => import('./handoff.ts') },
  park: { group: 'worker', summary: 'end the session until a gate is over', load: () => import('./worker.ts') },
  'agent-script': { group: 'hidden', summary: 'the deterministic agent', load: () => import('./worker.ts') },
  'hook-deliver': { group: 'hidden', summary: 'deliver the inbox', load: () => import('./worker.ts') },
  'cycle-session': {
    group: 'hidden',
    summary: 'put a fresh session in the place of one',
    load: () => import('./handoff.ts'),
  },
  'end-session': { group: 'hidden', summary: 'end a session after its last words', load: () => import('./worker.ts') },
}
