/** `gt rig add | list`: the projects of a town. */
import { existsSync, realpathSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { cloneBare, defaultBranch, fetchRemote, resolveCommit } from '../git/repository.ts'
import type { Result } from '../result.ts'
import { fail, ok } from '../result.ts'
import { addRigFiles, planRig } from '../town/install.ts'
import { listRigs } from '../town/settings.ts'
import type { Answer, Context } from './context.ts'
import { action } from './context.ts'
import { columns, withTown } from './town.ts'

interface AddOptions {
  prefix?: string
  branch?: string
  gate?: string
  provision?: string
}

export function register(program: Command, context: Context): void {
  const rig = program
    .command('rig')
    .description('The projects of the town.')
    .addHelpText('after', '\nExample:\n  gt rig add app ~/src/app --gate "npm test"\n  gt rig list')
  const add = rig
    .command('add')
    .description('Add a project: a bare clone of its own, which all workers share. Your clone is left alone.')
    .argument('<name>', 'name of the rig: lower-case letters, digits, - and _')
    .argument('<remote>', 'git URL, or path of a repository')
    .option('--prefix <p>', 'prefix of bead ids (default: from the name)')
    .option('--branch <b>', 'target branch (default: the remote’s own)')
    .option('--gate <cmd>', 'command that proves a change good, such as "npm test"')
    .option('--provision <cmd>', 'command that prepares a fresh worktree, such as "npm ci"')
    .addHelpText(
      'after',
      '\nExample:\n  gt rig add app https://example.org/app.git --gate "npm test" --provision "npm ci"',
    )
  action(add, (name: string, remote: string, options: AddOptions) => addRig(context, name, remote, options))
  action(rig.command('list').description('List the rigs.'), () => list(context))
}

/**
 * Clones, discovers the branch, writes rig.toml. On failure the half-made rig is taken away again. Not for workers: with a gate and a
 * policy of its own a second rig would land where the first one holds.
 */
export function addRig(context: Context, name: string, remote: string, options: AddOptions): Promise<Answer> {
  return withTown(context, async (town) => {
    if (context.env.GT_RUN) {
      const how = { kept: 'Nothing was made.', hint: 'gt ask "May … become a rig? …"' }
      return fail('E_NOT_FOR_AGENTS', 'A worker adds no project to the town.', how)
    }
    const plan = planRig(town.root, { name, ...(options.prefix !== undefined && { prefix: options.prefix }) })
    if (plan.kind === 'error') return plan
    const where = town.paths.rig(name)
    const from = localPath(remote, context.cwd)
    context.progress(`Cloning ${from} …`)
    const cloned = await cloneBare({ from, to: where.repo })
    // What stood there before may hold work of a rig whose rig.toml was lost: it is not ours to take away.
    if (cloned.kind === 'error') return cloned
    const made = await branchOf(from, where.repo, options.branch)
    if (made.kind === 'error') {
      rmSync(where.repo, { recursive: true, force: true })
      return made
    }
    const files = addRigFiles(town.root, {
      name,
      remote: from,
      branch: made.value,
      prefix: plan.value.prefix,
      ...(options.gate !== undefined && { gate: options.gate }),
    })
    if (files.kind === 'error') return files
    if (options.provision !== undefined) {
      const { setConfig } = await import('../town/config.ts')
      const set = setConfig(town.root, `rig.${name}.provision.run`, options.provision)
      if (set.kind === 'error') return set
    }
    const { rig, prefix, branch, path } = files.value
    const lines = [`Rig ${rig} stands at ${path}: branch ${branch}, bead ids ${prefix}-…`]
    if (options.gate === undefined) {
      lines.push(`It has no gate, so its landings wait for you. Set one: gt config set rig.${rig}.gate "<command>"`)
    }
    lines.push(`Next: gt bead create "<title>" --rig ${rig}`)
    return ok({ data: { rig, prefix, branch, path }, text: lines.join('\n') })
  })
}

/** A path is made absolute and canonical; anything else is a URL for git. */
function localPath(remote: string, cwd: string): string {
  const path = resolve(cwd, remote)
  return existsSync(path) ? realpathSync(path) : remote
}

/** The target branch: the one that was wanted, else the remote's own; seen to be there. */
async function branchOf(from: string, to: string, wanted?: string): Promise<Result<string>> {
  const fetched = await fetchRemote({ gitDir: to })
  if (fetched.kind === 'error') return fetched
  let branch = wanted
  if (branch === undefined) {
    const found = await defaultBranch({ gitDir: to })
    if (found.kind === 'error') return found
    if (found.kind !== 'ok') {
      return fail('E_NO_BRANCH', `${from} does not say what its default branch is.`, { hint: 'add --branch <name>' })
    }
    branch = found.value
  }
  const tip = await resolveCommit(to, `refs/remotes/origin/${branch}`)
  if (tip.kind === 'error') return tip
  if (tip.kind !== 'ok') return fail('E_NO_BRANCH', `${from} has no branch ${branch}.`, { hint: 'add --branch <name>' })
  return ok(branch)
}

function list(context: Context): Promise<Answer> {
  return withTown(context, async (town) => {
    const names = listRigs(town.root)
    if (names.kind === 'error') return names
    const rigs = []
    for (const name of names.kind === 'ok' ? names.value : []) {
      const rig = await town.rig(name)
      if (rig.kind === 'error') return rig
      const { remote, branch, prefix, gates } = rig.value
      rigs.push({ rig: name, prefix, branch, remote, gates: gates.map((gate) => gate.run) })
    }
    const rows = rigs.map((rig) => [rig.rig, rig.prefix, rig.branch, rig.gates.join(' && ') || '(no gate)', rig.remote])
    const text =
      rows.length > 0 ? columns(rows) : 'No rig yet. Next: gt rig add <name> <git url or path> --gate "<command>"'
    return ok({ data: rigs, text })
  })
}
