/** Values of options that several verbs of `gt bead` share. */
import type { Bead } from '../beads/bead.ts'
import { facts } from '../beads/bead.ts'
import { same } from '../beads/canonical.ts'
import type { Condition, Op } from '../beads/change.ts'
import type { LandingPolicy } from '../beads/facts.ts'
import { isAgent, isPolicy, ownPolicy, refuseLanding } from '../kernel/landing.ts'
import { gtPath } from '../kernel/runs.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import { readText } from './read-text.ts'

/**
 * The text of `--body` or of `--body-file` (`-`: standard input). E_FILE: that cannot be read; E_TOO_LONG; E_USAGE: both, of which
 * one would be lost.
 */
export function bodyOf(options: { body?: string; bodyFile?: string }): Result<string | undefined> {
  if (options.bodyFile === undefined) return ok(options.body)
  if (options.body !== undefined) {
    return fail('E_USAGE', 'There are two bodies: --body and --body-file.', {
      kept: 'Nothing was written.',
      hint: 'Say one of them.',
      exit: EXIT.usage,
    })
  }
  const text = readText(options.bodyFile)
  if (text.kind === 'ok') return text
  return { kind: 'error', failure: { ...text.failure, kept: 'No bead was written.' } }
}

/** `2`, `p2` and `P2` are 2, which is also the default; E_PRIORITY for anything but 0 to 4. */
export function priorityOf(text = '2'): Result<number> {
  const value = Number(text.replace(/^[pP]/, ''))
  return Number.isInteger(value) && value >= 0 && value <= 4
    ? ok(value)
    : fail('E_PRIORITY', `"${text}" is no priority: it is a number from 0 (urgent) to 4.`, {
        kept: 'Nothing was written.',
        hint: '--priority 2',
        exit: EXIT.usage,
      })
}

/** Beads that a verb of their own makes, with all that they need to mean something. */
const MADE_ELSEWHERE: Record<string, string> = {
  gate: 'gt gate create',
  message: 'gt mail send <address> -m "…"',
  convoy: 'gt convoy create <name> <bead…>',
  molecule: 'gt mol pour <formula>',
  'merge-request': 'gt sling <bead> <rig>   leads to one',
}

/** The type that a person gives a bead; E_BAD_TYPE for one that would be a name for nothing. */
export function typeOf(type: string): Result<string> {
  const made = Object.hasOwn(MADE_ELSEWHERE, type) ? MADE_ELSEWHERE[type] : undefined
  if (made === undefined) return ok(type)
  return fail('E_BAD_TYPE', `A bead does not become a ${type} by that word alone.`, {
    kept: 'Nothing was written.',
    hint: made,
  })
}

/** Most paths that a bead declares: a list that names everything says nothing. */
const MOST_PATHS = 50

/** What is declared of a bead's work; null takes it away, and what is absent stays as it is. */
export interface Declared {
  landing?: LandingPolicy | null
  paths?: string[] | null
}

/**
 * What `--landing` and `--paths` declare; E_USAGE for a word that is no policy, and for too many paths.
 *
 * @param none the word that takes the policy of the bead away again, where there is one
 */
export function declaredOf(options: { landing?: string; paths?: string[] }, none?: string): Result<Declared> {
  const { landing } = options
  const declared: Declared = {}
  if (landing !== undefined) {
    if (landing !== none && !isPolicy(landing)) {
      return fail('E_USAGE', `"${landing}" is no landing policy: it is direct, pr or hold.`, {
        kept: 'Nothing was written.',
        hint: `--landing hold${none === undefined ? '' : `, or --landing ${none} to go by the rig's policy again`}`,
        exit: EXIT.usage,
      })
    }
    declared.landing = isPolicy(landing) ? landing : null
  }
  if (options.paths !== undefined) {
    const paths = [...new Set(options.paths)]
    if (paths.length > MOST_PATHS) {
      return fail('E_USAGE', `${paths.length} paths are too many; ${MOST_PATHS} is the most.`, {
        kept: 'Nothing was written.',
        hint: 'Say it with globs: --paths "src/cli/**,docs/**"',
        exit: EXIT.usage,
      })
    }
    declared.paths = paths.length > 0 ? paths : null
  }
  return ok(declared)
}

/**
 * What writes down a declaration, and the conditions under which that is right; no operations when the bead says so
 * already. E_NOT_FOR_AGENTS when an agent would loosen how the bead lands; its rig's errors when that has to be asked.
 */
export async function declare(
  town: OpenTown,
  bead: Bead,
  { landing, paths }: Declared,
): Promise<Result<{ ops: Op[]; when: Condition[] }>> {
  const { id } = bead
  const now = facts(bead)
  const ops: Op[] = []
  const when: Condition[] = []
  const say = (fact: 'landing' | 'landing_by_agent' | 'paths', value: unknown): void => {
    const path = gtPath(fact)
    ops.push(value === null ? { op: 'unset', id, path } : { op: 'set', id, path, value })
  }
  if (landing !== undefined && landing !== (now.landing ?? null)) {
    const allowed = await mayLand(town, bead, landing)
    if (allowed.kind === 'error') return allowed
    say('landing', landing)
    const byAgent = landing !== null && isAgent(town.env)
    if (byAgent || now.landing_by_agent) say('landing_by_agent', byAgent ? true : null)
    // What it was compared with: a person may make it stricter at this very moment.
    for (const fact of ['landing', 'rig']) when.push({ if: 'in', id, path: gtPath(fact), values: [now[fact] ?? null] })
  }
  if (paths !== undefined && !same(paths, now.paths ?? null)) say('paths', paths)
  return ok({ ops, when })
}

/** Ok when whoever runs us may change how the bead lands. */
async function mayLand(town: OpenTown, bead: Bead, to: LandingPolicy | null): Promise<Result<void>> {
  if (!isAgent(town.env)) return ok(undefined)
  const name = facts(bead).rig
  const rig = name === undefined ? undefined : await town.rig(name)
  if (rig?.kind === 'error') return rig
  const standard = rig?.value.landing.policy ?? null
  return refuseLanding(ownPolicy(bead) ?? standard, to ?? standard, true) ?? ok(undefined)
}
