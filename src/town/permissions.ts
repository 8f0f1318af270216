/** Which permission mode holds. Light: what needs only the answer need not load the schemas. */
import type { PermissionMode, RigSettings, TownSettings } from './schema.ts'

/**
 * The permission mode that holds for a rig: its own, else the town's. `undefined` when nobody agreed yet: not set, or
 * `bypass` without the name of who agreed beside it. No unattended worker starts then (design section 7).
 */
export function permissionMode(town: TownSettings, rig?: RigSettings): PermissionMode | undefined {
  const { mode, agreed_by } = rig?.permissions.mode === undefined ? town.permissions : rig.permissions
  return mode === 'bypass' && agreed_by === undefined ? undefined : mode
}
