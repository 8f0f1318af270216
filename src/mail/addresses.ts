/**
 * Who an address means. Pure: looks only at the directory (directory.ts).
 *
 *   mayor · human                       the Mayor; the person
 *   app/polecats/toast · app/toast      a worker, as long as its run lives; only that run gets it
 *   app/crew/max · app/max              a crew member
 *   app/witness · app/refinery          a role: whoever has it next
 *   app · @app                          everybody of a rig
 *   @all · @polecats · @crew · @app/polecats · @app/crew
 *   @backend                            a group of town.toml ([mail.groups])
 *   a fence                             that very run
 *
 * Groups never mean their sender, and never the person unless a group of town.toml names `human`.
 */
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { nearest } from '../town/nearest.ts'
import type { Recipient } from './message.ts'
import { HUMAN, keyOf } from './message.ts'

export interface Directory {
  rigs: string[]
  /** Live runs: they have an address as long as they live. */
  runs: { fence: string; agent: string; rig: string }[]
  /** Addresses of crew members. */
  crew: string[]
  /** Groups of town.toml, by name without `@`. */
  groups: Record<string, string[]>
}

const ROLES = ['witness', 'refinery']
const KEPT = 'Nothing was sent.'
/** Names that a refusal lists at most. */
const NAMED = 8

/** Everybody that these addresses mean, each once. E_ADDRESS: unknown; E_AMBIGUOUS; E_NOBODY: known, and nobody is there now. */
export function resolveAll(directory: Directory, addresses: string[], from: Recipient): Result<Recipient[]> {
  const found = new Map<string, Recipient>()
  for (const address of addresses) {
    const meant = resolve(directory, address.trim(), from)
    if (meant.kind === 'error') return meant
    for (const one of meant.value) found.set(keyOf(one), one)
  }
  if (found.size > 0) return ok([...found.values()])
  return fail('E_USAGE', 'A message needs an address.', { kept: KEPT, hint: 'gt mail send mayor --body "…"' })
}

function resolve(directory: Directory, address: string, from: Recipient): Result<Recipient[]> {
  const one = single(directory, address)
  if (one.kind === 'error') return one
  if (one.value !== undefined) return ok([one.value])
  const many = group(directory, address)
  if (many.kind === 'error') return many
  if (many.value === undefined) return unknownAddress(directory, address)
  const others = many.value.filter((each) => keyOf(each) !== keyOf(from) && each.address !== from.address)
  if (others.length > 0) return ok(others)
  return fail('E_NOBODY', `${address} means nobody now${many.value.length > 0 ? ' but you' : ''}.`, {
    kept: KEPT,
    hint: 'gt polecat list   shows who is at work',
  })
}

/** One agent, role or person; undefined: no such one (it may be a group). */
function single(directory: Directory, address: string): Result<Recipient | undefined> {
  if (address === 'mayor') return ok({ address })
  if (address === HUMAN || address === 'person') return ok({ address: HUMAN })
  const run = directory.runs.find(({ fence }) => fence === address)
  if (run !== undefined) return ok(ofRun(directory, run))
  const [rig = '', middle, name, ...rest] = address.split('/')
  if (!directory.rigs.includes(rig) || middle === undefined || rest.length > 0) return ok(undefined)
  if (name === undefined) return ROLES.includes(middle) ? ok({ address }) : short(directory, rig, middle)
  if (middle === 'crew') return ok(directory.crew.includes(address) ? { address } : undefined)
  if (middle !== 'polecats') return ok(undefined)
  const worker = directory.runs.find(({ agent }) => agent === address)
  return worker === undefined ? gone(directory, address) : ok({ address, run: worker.fence })
}

/** A role's own session comes and goes; its mail is for the role. */
function ofRun({ rigs }: Directory, run: Directory['runs'][number]): Recipient {
  const role = rigs.some((rig) => ROLES.some((name) => run.agent === `${rig}/${name}`))
  return role ? { address: run.agent } : { address: run.agent, run: run.fence }
}

function short(directory: Directory, rig: string, name: string): Result<Recipient | undefined> {
  const found: Recipient[] = directory.runs
    .filter(({ agent }) => agent === `${rig}/polecats/${name}`)
    .map(({ agent, fence }) => ({ address: agent, run: fence }))
  const crew = `${rig}/crew/${name}`
  if (directory.crew.includes(crew)) found.push({ address: crew })
  if (found.length < 2) return ok(found[0])
  return fail('E_AMBIGUOUS', `${rig}/${name} is two: ${found.map((each) => each.address).join(' and ')}.`, {
    kept: KEPT,
    hint: 'Write the whole address.',
  })
}

/** A worker's name without a run: it may have been one. */
function gone(directory: Directory, address: string): Result<never> {
  const there = directory.runs.map(({ agent }) => agent)
  const near = nearest(address, there)
  const hint = near !== undefined ? `Did you mean ${near}?` : listed(there, 'No worker has a run now.')
  return fail('E_NOBODY', `Nobody is at ${address} now: no live run bears that name.`, { kept: KEPT, hint })
}

/** Everybody of a group; undefined: there is no such group. */
function group(directory: Directory, address: string): Result<Recipient[] | undefined> {
  const all = everybody(directory)
  const workers = all.filter(({ address: each }) => each.includes('/polecats/'))
  const crew = all.filter(({ address: each }) => each.includes('/crew/'))
  const name = address.startsWith('@') ? address.slice(1) : address
  const [rig = '', part, ...rest] = name.split('/')
  if (directory.rigs.includes(rig) && rest.length === 0) {
    const own = (list: Recipient[]) => list.filter(({ address: each }) => each.startsWith(`${rig}/`))
    if (part === undefined) return ok(own(all))
    if (part === 'polecats') return ok(own(workers))
    if (part === 'crew') return ok(own(crew))
  }
  if (!address.startsWith('@')) return ok(undefined)
  if (name === 'all') return ok(all)
  if (name === 'polecats') return ok(workers)
  if (name === 'crew') return ok(crew)
  const members = Object.hasOwn(directory.groups, name) ? directory.groups[name] : undefined
  return members === undefined ? ok(undefined) : ofTown(directory, address, members)
}

/** A group of town.toml. A worker of it who is not there now is passed over; a name that never was is said. */
function ofTown(directory: Directory, address: string, members: string[]): Result<Recipient[]> {
  const found: Recipient[] = []
  for (const member of members) {
    const one = single(directory, member)
    if (one.kind === 'error' && one.failure.code !== 'E_NOBODY') return one
    if (one.kind === 'error') continue
    // Groups of town.toml in one another could go round in circles.
    const plain = { ...directory, groups: {} }
    const many = one.value === undefined ? group(plain, member) : ok([one.value])
    if (many.kind === 'error') return many
    if (many.value === undefined) {
      const { failure } = unknownAddress(directory, member)
      const message = `The group ${address} of town.toml names ${JSON.stringify(member)}, which is no address.`
      return fail('E_ADDRESS', message, { kept: KEPT, ...(failure.hint !== undefined && { hint: failure.hint }) })
    }
    found.push(...many.value)
  }
  return ok(found)
}

/** Every agent that is there now; roles only while somebody has them. */
function everybody(directory: Directory): Recipient[] {
  return [
    { address: 'mayor' },
    ...directory.crew.map((address) => ({ address })),
    ...directory.runs.map((run) => ofRun(directory, run)),
  ]
}

/** All that can be written to, for a refusal and for completion. */
export function known(directory: Directory): string[] {
  const { rigs, groups } = directory
  const agents = everybody(directory).map(({ address }) => address)
  const roles = rigs.flatMap((rig) => ROLES.map((role) => `${rig}/${role}`))
  const named = [...Object.keys(groups), 'all', 'polecats', 'crew'].map((name) => `@${name}`)
  return [...new Set([HUMAN, ...agents, ...roles, ...rigs, ...named, ...rigs.map((rig) => `@${rig}/polecats`)])]
}

function unknownAddress(directory: Directory, address: string): ReturnType<typeof fail> {
  const all = known(directory)
  const last = (text: string): string => text.slice(text.lastIndexOf('/') + 1)
  const same = all.filter((each) => last(each) === last(address) && last(each) !== '')
  const near = nearest(address, all)
  const meant = [...new Set([...same, ...(near === undefined ? [] : [near])])].slice(0, 3)
  const hint = meant.length > 0 ? `Did you mean ${meant.join(' or ')}?` : listed(all, '')
  return fail('E_ADDRESS', `There is no address ${JSON.stringify(address.slice(0, 100))} in this town.`, {
    kept: KEPT,
    hint,
  })
}

const listed = (names: string[], none: string): string =>
  names.length === 0
    ? none
    : `There are: ${names.slice(0, NAMED).join(', ')}${names.length > NAMED ? ` and ${names.length - NAMED} more` : ''}.`
