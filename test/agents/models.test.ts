/** Which model an agent starts with: the order of those who may say, and which setting it was. */
import { expect, test } from 'vitest'
import type { ModelQuestion } from '../../src/agents/models.ts'
import { ASKED, modelFor } from '../../src/agents/models.ts'
import { modelRows } from '../../src/cli/config-models.ts'
import type { Result } from '../../src/result.ts'
import { parseRigSettings, parseTownSettings } from '../../src/town/settings.ts'

const value = <T>(result: Result<T>): T => {
  if (result.kind === 'error') throw new Error(result.failure.message)
  return result.value
}
const claude = { name: 'claude', hooks: 'claude' as const }
const own = { ...claude, model: 'own' }
const bare = { models: { label: {} } }
const town = {
  models: { polecat: 'town-role', refinery: 'town-refinery', label: { docs: 'town-docs', 'a b': 'town-ab' } },
}
const rig = { name: 'app', models: { polecat: 'rig-role', label: { ui: 'rig-ui' } } }
const ask = (more: Partial<ModelQuestion> = {}): (string | undefined)[] => {
  const { model, by } = modelFor({ role: 'polecat', preset: claude, town, ...more })
  return [model, by]
}

test('asked for by name, then label, then role, then the agent’s own; the rig before the town', () => {
  const all = { rig, labels: ['docs', 'ui'], preset: own }
  expect(ask({ ...all, asked: 'asked' })).toEqual(['asked', ASKED])
  expect(ask(all)).toEqual(['rig-ui', 'rig.app.models.label.ui'])
  expect(ask({ ...all, labels: ['docs'] })).toEqual(['town-docs', 'models.label.docs'])
  expect(ask({ ...all, labels: ['other'] })).toEqual(['rig-role', 'rig.app.models.polecat'])
  expect(ask({ labels: ['a b', 'docs'] })).toEqual(['town-docs', 'models.label.docs'])
  expect(ask({ labels: ['a b'] })).toEqual(['town-ab', 'models.label."a b"'])
  expect(ask({ labels: [] })).toEqual(['town-role', 'models.polecat'])
  expect(ask({ town: bare, preset: own })).toEqual(['own', 'agents.claude.model'])
  expect(ask({ town: bare })).toEqual([undefined, undefined])
})

test('a label picks for polecats alone, and the table for programs that are Claude Code alone', () => {
  expect(ask({ role: 'refinery', labels: ['docs'] })).toEqual(['town-refinery', 'models.refinery'])
  expect(ask({ role: 'witness', labels: ['docs'], rig })).toEqual([undefined, undefined])
  expect(ask({ role: 'mayor' })).toEqual([undefined, undefined])
  const other = { name: 'mine', hooks: 'none' as const, model_flag: '-m' }
  expect(ask({ role: 'refinery', asked: 'asked' })).toEqual(['town-refinery', 'models.refinery'])
  expect(ask({ preset: { ...other, model: 'its-own' }, labels: ['docs'] })).toEqual(['its-own', 'agents.mine.model'])
  expect(ask({ preset: other, asked: 'asked' })).toEqual(['asked', ASKED])
  // What cannot be told a model is started with none.
  const deaf = { name: 'mine', hooks: 'none' as const, model: 'its-own' }
  expect(ask({ preset: deaf, asked: 'asked' })).toEqual([undefined, undefined])
})

test('gt config models: every role of every rig, with the setting that decides', () => {
  const settings = value(
    parseTownSettings(
      'schema = 1\nname = "t"\n[models]\nmayor = "big"\npolecat = "small"\nlabel = { docs = "tiny" }\n',
      'town.toml',
    ),
  )
  const app = value(
    parseRigSettings(
      'schema = 1\nname = "app"\nremote = "/r"\nbranch = "main"\nprefix = "ap"\n[models]\nlabel = { ui = "vast" }\n[refinery]\nagent = "script"\n',
      'rig.toml',
    ),
  )
  const rows = value(modelRows(settings, [app]))
  const shown = rows.map(({ role, label, agent, model, by }) => [role, label, agent, model, by].join(' '))
  expect(shown).toEqual([
    'mayor  claude big models.mayor',
    'polecat  claude small models.polecat',
    'polecat ui claude vast rig.app.models.label.ui',
    'polecat docs claude tiny models.label.docs',
    'crew  claude  ',
    'witness  claude  ',
    'refinery  script  ',
  ])
})
