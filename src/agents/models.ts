/** Which model an agent is started with, and what decides it; pure. */
import type { RigSettings, TownSettings } from '../town/settings.ts'
import { dotted } from '../town/toml-text.ts'
import type { Role } from './launch.ts'
import type { Preset } from './preset.ts'

/** What decides, besides the settings. */
export interface ModelQuestion {
  role: Role
  preset: Pick<Preset, 'name' | 'hooks' | 'model' | 'model_flag'>
  town: Pick<TownSettings, 'models'>
  rig?: Pick<RigSettings, 'name' | 'models'> | undefined
  /** Labels of the bead. */
  labels?: readonly string[] | undefined
  /** Asked for by name (`gt sling --model`). */
  asked?: string | undefined
}

/** The answer. `by` is the setting to change (`rig.app.models.label.docs`), or `ASKED`. No model: what the client takes by itself. */
export interface ChosenModel {
  model?: string
  by?: string
}

/** `by` of a model that came with the sling. */
export const ASKED = 'gt sling --model'

/** Whether an agent can be told which model to take. */
export const takesModel = ({ hooks, model_flag }: Pick<Preset, 'hooks' | 'model_flag'>): boolean =>
  hooks === 'claude' || model_flag !== undefined

/**
 * The first of: what was asked for; a label of the bead, in the order of the settings, the rig's before the town's; the role,
 * the rig's before the town's; the agent's own `model`; nothing.
 *
 * Sling and labels decide for polecats alone: who is called for one merge or one question is there for that, and may be another
 * client. `[models]` names models of Claude Code, so it does not decide for programs of another kind; those have their own `model`.
 */
export function modelFor({ role, preset, town, rig, labels = [], asked }: ModelQuestion): ChosenModel {
  if (!takesModel(preset)) return {}
  if (asked !== undefined && role === 'polecat') return { model: asked, by: ASKED }
  const own = preset.model === undefined ? {} : { model: preset.model, by: dotted(['agents', preset.name, 'model']) }
  if (preset.hooks !== 'claude') return own
  const tables = [
    { at: ['rig', rig?.name ?? '', 'models'], models: rig?.models },
    { at: ['models'], models: town.models },
  ]
  if (role === 'polecat') {
    for (const { at, models } of tables) {
      const label = Object.keys(models?.label ?? {}).find((name) => labels.includes(name))
      if (label !== undefined) return { model: models!.label[label]!, by: dotted([...at, 'label', label]) }
    }
  }
  for (const { at, models } of tables) {
    const model = models?.[role as keyof typeof models]
    if (typeof model === 'string') return { model, by: dotted([...at, role]) }
  }
  return own
}
