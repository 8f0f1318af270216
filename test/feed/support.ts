/** A board with something in every list, made by hand. */
import type { AgentLine, Board, EventLine } from '../../src/board/board.ts'

export const NOW = '2026-11-27T10:00:00.000Z'
const ago = (minutes: number): string => new Date(Date.parse(NOW) - minutes * 60_000).toISOString()

export const agentLine = (name: string, more: Partial<AgentLine> = {}): AgentLine => ({
  address: `gp/polecats/${name}`,
  role: 'polecat',
  rig: 'gp',
  bead: `gp-${name}`,
  title: `Task of ${name}`,
  run: `run-${name}`,
  state: 'working',
  since: ago(12),
  health: 'alive',
  doing: 'busy',
  waiting_for: null,
  seen: ago(0),
  context: 42,
  session: `gp-${name}`,
  agent: 'claude',
  model: 'opus',
  attempt: 1,
  round: 1,
  slot: true,
  ...more,
})

export const eventOf = (n: number, more: Partial<EventLine> = {}): EventLine => ({
  id: `change-${n}`,
  at: ago(n),
  by: 'gp/polecats/toast',
  kind: 'said',
  bead: 'gp-toast',
  title: 'Task of toast',
  run: 'run-toast',
  text: `word ${n}`,
  system: false,
  ...more,
})

export function boardOf(more: Partial<Board> = {}): Board {
  return {
    at: NOW,
    town: {
      name: 'home',
      path: '/town',
      daemon: { running: true, pid: 7 },
      hold: null,
      closed: null,
      host: { load1: 1.4, cores: 8, memory_free_mb: 9000, disk_free_mb: 90_000 },
      workers: { busy: 2, max: 30 },
      ready: 3,
      landed_today: 4,
      blind: null,
    },
    problems: [
      {
        id: 'gp-toast',
        key: 'gp-toast ask',
        cause: 'ask',
        severity: 'high',
        title: 'Task of toast',
        text: 'Is 1582 Julian?\nThe old format says so.',
        since: ago(5),
        bead: 'gp-toast',
        rig: 'gp',
        who: 'gp/polecats/toast',
        behind: { n: 2, ids: ['gp-x', 'gp-y'] },
        answers: [{ key: 'r', label: 'reply', argv: ['gt', 'answer', 'gp-toast', '--'], asks: 'Your answer' }],
      },
    ],
    agents: [
      agentLine('mayor', {
        address: 'mayor',
        role: 'mayor',
        rig: null,
        bead: null,
        title: null,
        run: null,
        state: 'in',
      }),
      agentLine('rust', { doing: null, health: 'dead', session: null }),
      agentLine('toast'),
    ],
    queue: [
      {
        id: 'gp-mr1',
        bead: 'gp-slit',
        title: 'Task of slit',
        rig: 'gp',
        target: 'main',
        worker: 'gp/polecats/slit',
        state: 'testing',
        queued_at: ago(3),
        since: ago(2),
        reason: 'with 2 more',
      },
    ],
    convoys: [
      {
        id: 'hq-cv-1',
        title: 'Dates',
        kind: 'convoy',
        total: 5,
        closed: 3,
        landed: 3,
        running: 1,
        stuck: 0,
        waiting: 1,
        state: 'moving',
        cause: null,
        since: ago(60),
      },
    ],
    waiting: [{ bead: 'gp-w', title: 'Task w', rig: 'gp', reason: '' }],
    landed: [],
    events: Array.from({ length: 40 }, (_, n) => eventOf(n + 1)),
    ...more,
  }
}
