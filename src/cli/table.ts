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
  load(): Promise<CommandModule>
}

export const TABLE: Record<string, Entry> = {
  install: { group: 'start', summary: 'make a town', load: () => import('./install.ts') },
  rig: { group: 'start', summary: 'add a project to the town, list projects', load: () => import('./rig.ts') },
  config: { group: 'start', summary: 'read and change settings', load: () => import('./config.ts') },
  demo: { group: 'start', summary: 'watch a whole town work, with no account', load: () => import('./demo.ts') },

  bead: { group: 'work', summary: 'create, list and change tasks', load: () => import('./bead.ts') },
  bd: { group: 'hidden', summary: 'the same as `gt bead`', load: () => import('./bead.ts') },
  'bd-json': { group: 'hidden', summary: 'bd’s verbs with bd’s JSON', load: () => import('./bead-compat.ts') },
  sling: { group: 'work', summary: 'put beads on workers, and see them landed', load: () => import('./sling.ts') },
  mayor: { group: 'work', summary: 'talk to the Mayor', load: () => import('./mayor.ts') },

  status: { group: 'watch', summary: 'what runs, what waits for you, what landed', load: () => import('./status.ts') },
  polecat: { group: 'watch', summary: 'list the workers', load: () => import('./polecat.ts') },
  run: { group: 'watch', summary: 'one run: show it, stop it', load: () => import('./polecat.ts') },
  peek: { group: 'watch', summary: 'the last lines of an agent’s screen', load: () => import('./polecat.ts') },
  attach: { group: 'watch', summary: 'go to an agent’s screen', load: () => import('./polecat.ts') },
  restore: { group: 'watch', summary: 'get back what a run left behind', load: () => import('./polecat.ts') },
  trail: { group: 'watch', summary: 'what was done to a bead, by whom and why', load: () => import('./trail.ts') },
  log: { group: 'watch', summary: 'the newest changes of the ledger', load: () => import('./trail.ts') },
  undo: { group: 'work', summary: 'take back your last change', load: () => import('./trail.ts') },
  mq: { group: 'watch', summary: 'the merge queue', load: () => import('./mq.ts') },
  reject: { group: 'watch', summary: 'send a merge request back to its worker', load: () => import('./landing.ts') },
  land: { group: 'watch', summary: 'let a held merge request land', load: () => import('./landing.ts') },
  why: { group: 'watch', summary: 'why a merge request landed, waits or came back', load: () => import('./why.ts') },
  gate: { group: 'work', summary: 'run the gates of a rig here', load: () => import('./gate.ts') },

  up: { group: 'town', summary: 'start the town’s daemon', load: () => import('./deacon.ts') },
  down: { group: 'town', summary: 'end every session and the daemon', load: () => import('./deacon.ts') },
  deacon: { group: 'town', summary: 'the daemon itself', load: () => import('./deacon.ts') },
  refinery: { group: 'town', summary: 'work a merge queue by hand', load: () => import('./refinery.ts') },
  doctor: { group: 'town', summary: 'look for what is wrong, and mend it', load: () => import('./doctor.ts') },
  completion: { group: 'town', summary: 'shell completion', load: () => import('./completion.ts') },

  hook: { group: 'worker', summary: 'what is on my hook', load: () => import('./worker.ts') },
  prime: { group: 'worker', summary: 'who I am and what to do', load: () => import('./worker.ts') },
  done: { group: 'worker', summary: 'hand in the work', load: () => import('./worker.ts') },
  decline: { group: 'worker', summary: 'hand the bead back, with a reason', load: () => import('./worker.ts') },
  progress: { group: 'worker', summary: 'leave a note on the bead', load: () => import('./worker.ts') },
  ask: { group: 'worker', summary: 'ask a person', load: () => import('./worker.ts') },
  'agent-script': { group: 'hidden', summary: 'the deterministic agent', load: () => import('./worker.ts') },
  'hook-deliver': { group: 'hidden', summary: 'deliver the inbox', load: () => import('./worker.ts') },
  'end-session': { group: 'hidden', summary: 'end a session after its last words', load: () => import('./worker.ts') },
}
