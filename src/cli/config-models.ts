/** `gt config models`: which model each role would start with now, and the setting that decides it. */
import type { Role } from '../agents/launch.ts'
import { modelFor } from '../agents/models.ts'
import { presetFor } from '../agents/preset.ts'
import { locateTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok } from '../result.ts'
import type { RigSettings, TownSettings } from '../town/settings.ts'
import { listRigs, loadRigSettings, loadTownSettings } from '../town/settings.ts'
import type { Answer, Context } from './context.ts'
import { columns } from './text.ts'

export interface ModelRow {
  rig: string | null
  role: Role
  /** The row holds for polecats on a bead with it; null: for the others. */
  label: string | null
  /** Agent table. */
  agent: string
  /** Null: what the agent's client takes by itself. */
  model: string | null
  /** The setting that decides. */
  by: string | null
}

export function configModels(context: Context): Answer {
  const root = locateTown(context.env, context.cwd)
  if (root.kind === 'error') return root
  const town = loadTownSettings(root.value)
  if (town.kind === 'error') return town
  const names = listRigs(root.value)
  if (names.kind === 'error') return names
  const rigs: RigSettings[] = []
  for (const name of names.kind === 'ok' ? names.value : []) {
    const rig = loadRigSettings(root.value, name)
    if (rig.kind === 'error') return rig
    rigs.push(rig.value)
  }
  const rows = modelRows(town.value, rigs)
  if (rows.kind === 'error') return rows
  return ok({ data: rows.value, text: columns(rows.value.map(lineOf)) })
}

const lineOf = ({ rig, role, label, agent, model, by }: ModelRow): string[] => [
  rig === null ? role : `${rig}/${role}`,
  label === null ? '' : `label ${label}`,
  agent,
  model ?? 'its own choice',
  by ?? '',
]

/** The Mayor, then each rig's roles; labels under the polecats, the deciding one first. Error: E_NO_AGENT. */
export function modelRows(town: TownSettings, rigs: readonly RigSettings[]): Result<ModelRow[]> {
  const rows: ModelRow[] = []
  const wanted: { rig?: RigSettings; role: Role; label?: string; agent: string }[] = [
    { role: 'mayor', agent: town.workers.agent },
  ]
  for (const rig of rigs) {
    const agent = rig.workers.agent ?? town.workers.agent
    const labels = new Set([...Object.keys(rig.models.label), ...Object.keys(town.models.label)])
    wanted.push(
      { rig, role: 'polecat', agent },
      ...[...labels].map((label) => ({ rig, role: 'polecat' as const, label, agent })),
      { rig, role: 'crew', agent },
      { rig, role: 'witness', agent: town.witness.agent ?? town.workers.agent },
      { rig, role: 'refinery', agent: rig.refinery.agent ?? agent },
    )
  }
  for (const { rig, role, label, agent } of wanted) {
    const preset = presetFor(agent, town.agents)
    if (preset.kind === 'error') return preset
    const labels = label === undefined ? [] : [label]
    const { model = null, by = null } = modelFor({ role, preset: preset.value, town, rig, labels })
    rows.push({ rig: rig?.name ?? null, role, label: label ?? null, agent, model, by })
  }
  return ok(rows)
}
