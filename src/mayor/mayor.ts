/** The Mayor: a Claude Code session in `mayor/`, primed with its role and the commands to create, sling and follow. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { seedTrust } from '../agents/claude.ts'
import { prepareLaunch } from '../agents/launch.ts'
import { findProgram, presetFor } from '../agents/preset.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'

export const MAYOR_SESSION = 'mayor'
const ADDRESS = 'mayor'

/**
 * Starts the Mayor unless it runs; the conversation goes on where it was. Errors: E_NO_PROGRAM (69), E_AGENT_DIED.
 */
export async function startMayor(
  town: OpenTown,
  agent?: string,
): Promise<Result<{ session: string; started: boolean }>> {
  const look = await town.runtime.look(MAYOR_SESSION)
  if (look.kind === 'error') return look
  if (look.kind === 'unknown') return fail('E_RUNTIME', `Cannot tell whether the Mayor runs: ${look.why}.`)
  if (look.kind === 'ok' && look.value.alive) return ok({ session: MAYOR_SESSION, started: false })
  const preset = presetFor(agent ?? town.settings.workers.agent, town.settings.agents)
  if (preset.kind === 'error') return preset
  const program = findProgram(preset.value.command[0] ?? '', town.env.PATH)
  if (program.kind === 'error') return program
  mkdirSync(town.paths.mayor, { recursive: true })
  const resumed = await start(town, preset.value, true)
  // A conversation that the client no longer knows ends it at once; then a fresh one begins.
  return resumed === undefined || resumed.kind === 'error'
    ? ((await start(town, preset.value, false)) ?? fail('E_BUG', 'unreachable'))
    : resumed
}

type Preset = Extract<ReturnType<typeof presetFor>, { kind: 'ok' }>['value']

/** `undefined`: there is no earlier conversation to resume. */
async function start(
  town: OpenTown,
  preset: Preset,
  resume: boolean,
): Promise<Result<{ session: string; started: boolean }> | undefined> {
  const known = conversationOf(town)
  if (resume && known === undefined) return undefined
  const conversation = resume && known !== undefined ? known : crypto.randomUUID()
  const spec = await prepareLaunch({
    town: town.root,
    townName: town.name,
    role: 'mayor',
    address: ADDRESS,
    cwd: town.paths.mayor,
    session: MAYOR_SESSION,
    preset,
    brief: '',
    mode: resume ? 'resume' : 'start',
    // A person sits in front of the Mayor and answers its prompts; `gt` itself needs no asking (agents/claude.ts).
    permission: 'manual',
    conversation,
    gtBin: town.gtBin,
    userEnv: town.env,
  })
  if (spec.kind === 'error') return spec
  if (preset.hooks === 'claude') {
    const trusted = await seedTrust({
      configDir: town.env.CLAUDE_CONFIG_DIR,
      home: town.env.HOME ?? '/',
      paths: [town.paths.mayor],
    })
    if (trusted.kind === 'error') return trusted
  }
  const started = await town.runtime.start(spec.value)
  if (started.kind === 'error') return started
  const noted = writeFileAtomic(conversationFile(town), `${conversation}\n`)
  return noted.kind === 'error' ? noted : ok({ session: MAYOR_SESSION, started: true })
}

const conversationFile = (town: OpenTown): string => join(town.paths.runtime, 'mayor-conversation')

function conversationOf(town: OpenTown): string | undefined {
  try {
    return readFileSync(conversationFile(town), 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}

/** Ends the Mayor's session; its conversation can be taken up again. */
export function stopMayor(town: OpenTown): Promise<Result<void>> {
  return town.runtime.end(MAYOR_SESSION)
}
