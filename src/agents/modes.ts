/**
 * In which permission mode an agent starts (docs/permissions.md); pure. No unattended worker starts in one in which it would
 * wait for a person, or could do nothing.
 */
import type { Result } from '../result.ts'
import { EXIT, fail, ok } from '../result.ts'
import type { PermissionMode, Role } from './launch.ts'
import type { Preset } from './preset.ts'
import { ATTENDED } from './roles.ts'

const ALL: readonly PermissionMode[] = ['bypass', 'acceptEdits', 'manual']

/** The modes that an agent can be started in; none: they mean nothing to it. */
export function modesOf({ hooks, modes }: Pick<Preset, 'hooks' | 'modes'>): readonly PermissionMode[] {
  if (modes === undefined) return hooks === 'claude' ? ALL : []
  return ALL.filter((mode) => modes[mode] !== undefined)
}

/**
 * The mode to start in; `manual` where modes mean nothing. `permission`: what a person agreed to, if anybody did.
 * `E_PERMISSIONS` (2): a person must choose another one.
 */
export function modeFor(
  role: Role,
  preset: Pick<Preset, 'name' | 'hooks' | 'modes'>,
  permission: PermissionMode | undefined,
): Result<PermissionMode> {
  const modes = modesOf(preset)
  if (modes.length === 0) return ok('manual')
  if (ATTENDED.has(role)) return ok(permission !== undefined && modes.includes(permission) ? permission : 'manual')
  const choices: readonly PermissionMode[] = modes.filter((mode) => mode !== 'manual')
  if (permission !== undefined && choices.includes(permission)) return ok(permission)
  return fail('E_PERMISSIONS', refusal(role, preset.name, permission), {
    kept: 'Nothing was started.',
    hint: `gt config set permissions.mode ${choices.join('   (or ')}${choices.length > 1 ? ')' : ''}; docs/permissions.md explains each`,
    exit: EXIT.needsPerson,
  })
}

function refusal(role: Role, name: string, permission: PermissionMode | undefined): string {
  switch (permission) {
    case undefined:
      return `Nobody has agreed yet to what ${name} workers may do without asking.`
    case 'manual':
      return `In permission mode "manual" a person approves every step, and nobody watches a ${role}.`
    default:
      return `In permission mode "${permission}" a ${role} of ${name} would wait for a person, and nobody watches it.`
  }
}
