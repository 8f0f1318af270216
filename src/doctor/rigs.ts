/** The rigs: settings, repository, remote, gate, worktrees. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { remoteFailure } from '../git/remotes.ts'
import { cloneBare, fetchRemote, ORIGIN, remoteUrl, resolveCommit } from '../git/repository.ts'
import { git } from '../git/run.ts'
import type { Read } from '../result.ts'
import { empty } from '../result.ts'
import type { RigPaths } from '../town/paths.ts'
import type { RigSettings } from '../town/settings.ts'
import { listRigs, loadRigSettings } from '../town/settings.ts'
import type { Check, Finding } from './check.ts'
import { findingOf } from './check.ts'
import type { TownSubject } from './subject.ts'
import { worktrees } from './worktrees.ts'

/** A remote that does not answer within this time is reported, not waited for. */
const REMOTE_MS = 15_000

interface Rig {
  town: TownSubject
  name: string
  settings: RigSettings
  paths: RigPaths
}

/** Every rig with a rig.toml, and folders that look like a rig without one. */
export const rigs: Check<TownSubject> = (town) => {
  const base = { id: 'rigs', title: 'Rigs' }
  const listed = listRigs(town.root)
  if (listed.kind === 'error') return [findingOf(base.id, base.title, listed.failure)]
  const names = listed.kind === 'ok' ? listed.value : []
  const lost = readdirSync(town.root).filter(
    (name) => !name.startsWith('.') && !names.includes(name) && existsSync(town.paths.rig(name).repo),
  )
  if (lost.length > 0) {
    const text = `${lost.join(', ')}: a repository without a rig.toml. It was lost, or a gt rig add was broken off.`
    const hint = `Put rig.toml back, or move ${join(town.root, lost[0] ?? '')} away and add the rig again.`
    return [{ ...base, verdict: 'bad', text, hint }]
  }
  if (names.length > 0) return [{ ...base, verdict: 'good', text: names.join(', ') }]
  return [
    { ...base, verdict: 'unknown', text: 'This town has no rig yet.', hint: 'gt rig add <name> <git url or path>' },
  ]
}

export const rigSettings: Check<TownSubject> = (town) =>
  rigNames(town).map((name) => {
    const read = loadRigSettings(town.root, name)
    if (read.kind === 'error') return findingOf(`rig.${name}.settings`, `${name}: settings`, read.failure)
    const { prefix, branch } = read.value
    const text = `rig.toml: branch ${branch}, bead ids ${prefix}-…`
    return { id: `rig.${name}.settings`, title: `${name}: settings`, verdict: 'good', text }
  })

export const rigRepositories: Check<TownSubject> = (town) => eachRig(town, 'repository', repository)
export const rigRemotes: Check<TownSubject> = (town) => eachRig(town, 'remote', remote)
export const rigGates: Check<TownSubject> = (town) => eachRig(town, 'gate', gate)
export const rigWorktrees: Check<TownSubject> = (town) =>
  eachRig(town, 'worktrees', (rig, base) => (existsSync(rig.paths.repo) ? worktrees(town, rig.name, base) : undefined))

async function repository({ paths, settings }: Rig, base: Base): Promise<Finding> {
  const gitDir = paths.repo
  const target = `refs/remotes/${ORIGIN}/${settings.branch}`
  if (!existsSync(gitDir)) {
    const mend = {
      what: `clone it again from ${settings.remote}`,
      apply: () => cloneBare({ from: settings.remote, to: gitDir }),
    }
    return { ...base, verdict: 'bad', text: `${gitDir} is missing.`, mend }
  }
  const seen = await git(['rev-parse', '--git-dir'], { gitDir })
  if (seen.kind === 'error') {
    if (seen.failure.code !== 'E_GIT') return findingOf(base.id, base.title, seen.failure, 'unknown')
    const text = `${gitDir} is not a git repository any more. ${seen.failure.message}`
    return { ...base, verdict: 'bad', text, hint: `Move it away (it may hold archived work), then: gt doctor --fix` }
  }
  const tip = await resolveCommit(gitDir, target)
  if (tip.kind === 'ok') {
    return { ...base, verdict: 'good', text: `${settings.branch} is at ${tip.value.slice(0, 12)}.` }
  }
  if (tip.kind === 'error') return findingOf(base.id, base.title, tip.failure, 'unknown')
  const text = `${gitDir} has no ${target}.`
  return {
    ...base,
    verdict: 'bad',
    text,
    mend: { what: 'fetch from the remote', apply: () => fetchRemote({ gitDir }) },
  }
}

/** Does the remote answer, has it the branch, and does the repository fetch from there (rig.toml's word counts)? */
async function remote({ name, paths, settings }: Rig, base: Base): Promise<Finding> {
  const gitDir = paths.repo
  const ref = `refs/heads/${settings.branch}`
  const asked = await git(['ls-remote', '--', settings.remote, ref], { timeoutMs: REMOTE_MS })
  if (asked.kind === 'error') {
    const { failure } = remoteFailure(asked.failure, settings.remote)
    if (failure.code === 'E_NO_GIT') return findingOf(base.id, base.title, failure, 'unknown')
    const hint = `If it moved: gt config set rig.${name}.remote <url or path>, then gt doctor --fix`
    return { ...findingOf(base.id, base.title, failure), hint }
  }
  const there = asked.value.stdout.split('\n').some((line) => line.split('\t')[1] === ref)
  if (!there) {
    const text = `${settings.remote} answers, but has no branch ${settings.branch}.`
    return { ...base, verdict: 'bad', text, hint: `gt config set rig.${name}.branch <name>` }
  }
  const known: Read<string> = existsSync(gitDir) ? await remoteUrl({ gitDir }) : empty
  if (known.kind !== 'ok' || known.value === settings.remote) {
    return { ...base, verdict: 'good', text: `${settings.remote} answers and has ${settings.branch}.` }
  }
  const text = `rig.toml names ${settings.remote}, but the repository fetches from ${known.value}.`
  const set = () => git(['config', `remote.${ORIGIN}.url`, settings.remote], { gitDir })
  return { ...base, verdict: 'bad', text, mend: { what: `let it fetch from ${settings.remote}`, apply: set } }
}

function gate({ name, settings }: Rig, base: Base): Finding {
  const [first] = settings.gates
  if (first !== undefined) {
    return { ...base, verdict: 'good', text: settings.gates.map(({ run }) => run).join('; ') }
  }
  if (settings.landing.unverified) {
    return { ...base, verdict: 'good', text: 'None, by consent: work lands without any proof.' }
  }
  const hint = `gt config set rig.${name}.gate "<command>"`
  return { ...base, verdict: 'bad', text: 'No gate is set, so finished work is held until you decide.', hint }
}

type Base = Pick<Finding, 'id' | 'title'>

/** The findings of one kind, a rig each; a rig whose settings do not load has had its say. */
async function eachRig(
  town: TownSubject,
  what: string,
  check: (rig: Rig, base: Base) => Finding | undefined | Promise<Finding | undefined>,
): Promise<Finding[]> {
  const found = await Promise.all(
    rigNames(town).map(async (name) => {
      const settings = loadRigSettings(town.root, name)
      if (settings.kind === 'error') return undefined
      const rig: Rig = { town, name, settings: settings.value, paths: town.paths.rig(name) }
      return check(rig, { id: `rig.${name}.${what}`, title: `${name}: ${what}` })
    }),
  )
  return found.filter((finding) => finding !== undefined)
}

function rigNames(town: TownSubject): string[] {
  const listed = listRigs(town.root)
  return listed.kind === 'ok' ? listed.value : []
}
