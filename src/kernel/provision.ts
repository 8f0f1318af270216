/** Runs a rig's provisioning command (`npm ci` and the like) in a fresh worktree. The command is the owner's setting. */

import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { runCommand } from '../town/command.ts'
import type { RigSettings } from '../town/settings.ts'

/** Nothing to do when the rig has none. E_PROVISION carries the end of the command's output. */
export async function provision(rig: RigSettings, cwd: string, env: NodeJS.ProcessEnv): Promise<Result<void>> {
  if (rig.provision === undefined) return ok(undefined)
  const ran = await runCommand({ line: rig.provision.run, cwd, env, timeoutMs: rig.provision.timeout })
  if (ran.is === 'exited' && ran.code === 0) return ok(undefined)
  return fail(
    'E_PROVISION',
    `The provisioning command of rig ${rig.name} (${rig.provision.run}) ${ran.text}:\n${ran.tail.slice(-1500)}`,
    {
      hint: `run it by hand in ${cwd.replace(/\/[^/]*$/, '')}, or: gt config set rig.${rig.name}.provision.run "<command>"`,
    },
  )
}
