// A `gh` for tests: pull requests in a JSON file (FAKE_GH_STATE) about the branches of a bare repository
// (FAKE_GH_REMOTE). It takes exactly the calls that src/forge makes and fails loudly at any other. Every one of them is
// a line of JSON in FAKE_GH_STATE.calls. What people and the forge do by themselves are the commands with `_`:
//   _merge <n> [merge|squash]   _close <n>   _check <n> <name> <CONCLUSION|PENDING>   _fork <branch> <base>
//   _run <id> <workflow> <status> [conclusion]
//   _review <n> <APPROVED|CHANGES_REQUESTED|COMMENTED> <text> [author]   _auth <on|off>   _net <on|off>   _require <on|off>
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'

const file = process.env.FAKE_GH_STATE
const remote = process.env.FAKE_GH_REMOTE
const argv = process.argv.slice(2)

class Refusal extends Error {
  constructor(message, code = 1) {
    super(message)
    this.code = code
  }
}

function git(args, { may = false, env = {} } = {}) {
  const done = spawnSync('git', [`--git-dir=${remote}`, ...args], { encoding: 'utf8', env: { ...process.env, ...env } })
  if (done.status === 0) return done.stdout.trim()
  if (may) return undefined
  throw new Refusal(`fake-gh: git ${args.join(' ')}: ${done.error?.message ?? done.stderr}`)
}
const tip = (branch) => git(['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`], { may: true })
const isAncestor = (a, b) => git(['merge-base', '--is-ancestor', a, b], { may: true }) !== undefined

// One at a time: two callers at once must race for the pull request, not for this file.
function locked(work) {
  for (let tries = 0; ; tries++) {
    try {
      mkdirSync(`${file}.lock`)
      break
    } catch (error) {
      if (error.code !== 'EEXIST' || tries > 2000) throw error
      // Its holder was killed, as tests of crashes do.
      const since = statSync(`${file}.lock`, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()
      if (Date.now() - since > 10_000) rmSync(`${file}.lock`, { recursive: true, force: true })
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
  try {
    const state = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { auth: true, net: true, pulls: [] }
    for (const pull of state.pulls) refresh(pull)
    const output = work(state)
    writeFileSync(`${file}.new`, JSON.stringify(state, null, 1))
    renameSync(`${file}.new`, file)
    return output
  } finally {
    rmSync(`${file}.lock`, { recursive: true, force: true })
  }
}

// What the forge learns from pushes: heads move, a branch that is gone closes it, a base that has it all merges it.
function refresh(pull) {
  if (pull.state !== 'OPEN' || pull.fork) return
  const head = tip(pull.branch)
  const base = tip(pull.base)
  if (head === undefined) pull.state = 'CLOSED'
  else if (base !== undefined && isAncestor(head, base)) merged(pull, base, head)
  else pull.head = head
}

function merged(pull, commit, head = pull.head) {
  Object.assign(pull, { state: 'MERGED', mergeCommit: commit, mergedAt: new Date().toISOString(), head })
}

function parse(args, allowed) {
  const rest = []
  const flags = {}
  for (let at = 0; at < args.length; at++) {
    const [, name, value] = /^--([a-z-]+)(?:=([\s\S]*))?$/.exec(args[at]) ?? []
    if (name === undefined) rest.push(args[at])
    else if (!(name in allowed)) throw new Refusal(`unknown flag: --${name}`)
    else if (!allowed[name]) flags[name] = true
    else flags[name] = value ?? args[++at]
  }
  return { rest, flags }
}

const need = (state, number) => {
  const pull = state.pulls.find((one) => String(one.number) === String(number))
  if (pull !== undefined) return pull
  throw new Refusal(
    `GraphQL: Could not resolve to a PullRequest with the number of ${number}. (repository.pullRequest)`,
  )
}
const stdin = (from) => (from === '-' ? readFileSync(0, 'utf8') : readFileSync(from, 'utf8'))
const urlOf = (number) => `https://forge.example/fake/repo/pull/${number}`

function decisionOf(state, pull) {
  const last = new Map()
  for (const one of pull.reviews) if (one.state !== 'COMMENTED') last.set(one.author.login, one.state)
  const verdicts = [...last.values()]
  if (verdicts.includes('CHANGES_REQUESTED')) return 'CHANGES_REQUESTED'
  if (verdicts.includes('APPROVED')) return 'APPROVED'
  return state.required ? 'REVIEW_REQUIRED' : ''
}

function statusOf(state, pull) {
  if (pull.state !== 'OPEN') return 'UNKNOWN'
  if (git(['merge-tree', '--write-tree', tip(pull.base), pull.head], { may: true }) === undefined) return 'DIRTY'
  if (pull.draft) return 'DRAFT'
  if (['REVIEW_REQUIRED', 'CHANGES_REQUESTED'].includes(decisionOf(state, pull))) return 'BLOCKED'
  return pull.checks.some((one) => one.head === pull.head && one.conclusion !== 'SUCCESS') ? 'UNSTABLE' : 'CLEAN'
}

const FIELDS = {
  number: (pull) => pull.number,
  url: (pull) => urlOf(pull.number),
  state: (pull) => pull.state,
  title: (pull) => pull.title,
  body: (pull) => pull.body,
  isDraft: (pull) => pull.draft,
  isCrossRepository: (pull) => pull.fork === true,
  headRefOid: (pull) => pull.head,
  headRefName: (pull) => pull.branch,
  baseRefName: (pull) => pull.base,
  mergedAt: (pull) => pull.mergedAt,
  mergeCommit: (pull) => (pull.mergeCommit === null ? null : { oid: pull.mergeCommit }),
  reviewDecision: (pull, state) => decisionOf(state, pull),
  reviews: (pull) => pull.reviews,
  // Only of the last commit, as the forge does it; null when there are none.
  statusCheckRollup: (pull) => {
    const now = pull.checks.filter((one) => one.head === pull.head)
    return now.length === 0 ? null : now.map(({ head, ...one }) => one)
  },
  mergeStateStatus: (pull, state) => statusOf(state, pull),
}
function show(state, pull, json) {
  const names = json.split(',')
  const odd = names.find((name) => !(name in FIELDS))
  if (odd !== undefined) throw new Refusal(`Unknown JSON field: "${odd}"`)
  return Object.fromEntries(names.map((name) => [name, FIELDS[name](pull, state)]))
}

function add(state, pull) {
  const number = (state.pulls.at(-1)?.number ?? 0) + 1
  const fresh = {
    mergeCommit: null,
    mergedAt: null,
    checks: [],
    reviews: [],
    comments: [],
    draft: false,
    state: 'OPEN',
  }
  state.pulls.push({ number, ...fresh, ...pull })
  return `${urlOf(number)}\n`
}

const gh = {
  list(args, state) {
    const { flags } = parse(args, { head: 1, state: 1, json: 1, limit: 1, repo: 1 })
    if (flags.state !== 'open') throw new Refusal('fake-gh: only --state open')
    const open = state.pulls.filter((pull) => pull.state === 'OPEN' && pull.branch === flags.head)
    return JSON.stringify(
      open
        .reverse()
        .slice(0, Number(flags.limit ?? 30))
        .map((pull) => show(state, pull, flags.json)),
    )
  },
  create(args, state) {
    const { flags } = parse(args, { head: 1, base: 1, title: 1, 'body-file': 1, draft: 0, repo: 1 })
    const { head: branch, base, title } = flags
    const same = (pull) => pull.state === 'OPEN' && !pull.fork && pull.branch === branch && pull.base === base
    const twin = state.pulls.find(same)
    if (twin !== undefined) {
      const named = `a pull request for branch "${branch}" into branch "${base}" already exists:`
      throw new Refusal(`${named}\n${urlOf(twin.number)}`)
    }
    const head = tip(branch)
    const onto = tip(base)
    if (head === undefined || onto === undefined) {
      throw new Refusal(
        `pull request create failed: GraphQL: Head sha can't be blank, Head ref must be a branch (createPullRequest)`,
      )
    }
    if (isAncestor(head, onto)) {
      throw new Refusal(
        `pull request create failed: GraphQL: No commits between ${base} and ${branch} (createPullRequest)`,
      )
    }
    return add(state, { branch, base, title, body: stdin(flags['body-file']), head, draft: flags.draft === true })
  },
  view(args, state) {
    const { rest, flags } = parse(args, { json: 1, repo: 1 })
    return `${JSON.stringify(show(state, need(state, rest[0]), flags.json))}\n`
  },
  edit(args, state) {
    const { rest, flags } = parse(args, { title: 1, 'body-file': 1, repo: 1 })
    const pull = need(state, rest[0])
    if (flags.title !== undefined) pull.title = flags.title
    if (flags['body-file'] !== undefined) pull.body = stdin(flags['body-file'])
    return `${urlOf(pull.number)}\n`
  },
  close(args, state) {
    const { rest, flags } = parse(args, { comment: 1, repo: 1 })
    const pull = need(state, rest[0])
    const named = `Pull request fake/repo#${pull.number} (${pull.title})`
    if (pull.state === 'MERGED') throw new Refusal(`X ${named} can't be closed because it was already merged`)
    if (pull.state === 'CLOSED') return ''
    pull.state = 'CLOSED'
    if (flags.comment !== undefined) pull.comments.push(flags.comment)
    return ''
  },
}

// CI runs: `gh run view <id>` and `gh run list --workflow`.
const fields = (run, json) => Object.fromEntries(json.split(',').map((name) => [name, run[name]]))
const runs = {
  view(args, state) {
    const { rest, flags } = parse(args, { json: 1, repo: 1 })
    const run = (state.runs ?? []).find((one) => String(one.databaseId) === rest[0])
    if (run === undefined) throw new Refusal(`failed to get run: HTTP 404: Not Found (runs/${rest[0]})`)
    return JSON.stringify(fields(run, flags.json))
  },
  list(args, state) {
    const { flags } = parse(args, { workflow: 1, limit: 1, json: 1, repo: 1 })
    const ours = (state.runs ?? []).filter((one) => one.workflowName === flags.workflow)
    if (ours.length === 0 && flags.workflow !== 'new.yml') {
      throw new Refusal(`could not find any workflows named ${flags.workflow}`)
    }
    return JSON.stringify(
      ours
        .reverse()
        .slice(0, Number(flags.limit))
        .map((one) => fields(one, flags.json)),
    )
  },
}

const people = {
  _run(state, id, workflowName, status, conclusion = '') {
    state.runs ??= []
    const url = `https://forge.example/fake/repo/actions/runs/${id}`
    const run = { databaseId: Number(id), workflowName, status, conclusion, url, updatedAt: new Date().toISOString() }
    const at = state.runs.findIndex((one) => one.databaseId === run.databaseId)
    if (at < 0) state.runs.push(run)
    else state.runs[at] = run
  },
  _merge(state, number, how = 'merge') {
    const pull = need(state, number)
    if (pull.state !== 'OPEN') throw new Refusal(`fake-gh: ${number} is ${pull.state}`)
    const base = tip(pull.base)
    const tree = git(['merge-tree', '--write-tree', base, pull.head])
    const parents = how === 'squash' ? ['-p', base] : ['-p', base, '-p', pull.head]
    const title = how === 'squash' ? `${pull.title} (#${number})` : `Merge pull request #${number}`
    const who = { name: 'Forge', email: 'forge@example.org' }
    const env = Object.fromEntries(
      ['AUTHOR', 'COMMITTER'].flatMap((as) => [
        [`GIT_${as}_NAME`, who.name],
        [`GIT_${as}_EMAIL`, who.email],
      ]),
    )
    const commit = git(['commit-tree', tree, ...parents, '-m', title], { env })
    git(['update-ref', `refs/heads/${pull.base}`, commit, base])
    merged(pull, commit)
    return `${commit}\n`
  },
  _close(state, number) {
    need(state, number).state = 'CLOSED'
  },
  _check(state, number, name, conclusion) {
    const pull = need(state, number)
    const pending = conclusion === 'PENDING'
    pull.checks.push({
      __typename: 'CheckRun',
      name,
      workflowName: 'CI',
      status: pending ? 'IN_PROGRESS' : 'COMPLETED',
      conclusion: pending ? '' : conclusion,
      startedAt: new Date().toISOString(),
      detailsUrl: `https://forge.example/fake/repo/runs/${pull.checks.length + 1}`,
      head: pull.head,
    })
  },
  _review(state, number, decision, body = '', login = 'reviewer') {
    const pull = need(state, number)
    const submittedAt = new Date().toISOString()
    const author = { login }
    pull.reviews.push({
      author,
      authorAssociation: 'MEMBER',
      body,
      submittedAt,
      state: decision,
      commit: { oid: pull.head },
    })
  },
  // A stranger's pull request from a fork, whose branch has the same name.
  _fork(state, branch, base) {
    return add(state, { branch, base, title: 'from a fork', body: '', head: '0'.repeat(40), fork: true })
  },
  _auth(state, value) {
    state.auth = value !== 'off'
  },
  _net(state, value) {
    state.net = value !== 'off'
  },
  _require(state, value) {
    state.required = value !== 'off'
  },
}

try {
  const output = locked((state) => {
    const [command, verb] = argv
    if (command?.startsWith('_')) return people[command](state, ...argv.slice(1))
    appendFileSync(`${file}.calls`, `${JSON.stringify(argv)}\n`)
    if (!state.net) {
      throw new Refusal(
        'error connecting to api.forge.example\ncheck your internet connection or https://githubstatus.com',
      )
    }
    if (!state.auth) throw new Refusal('To get started with GitHub CLI, please run:  gh auth login', 4)
    if (command === 'run' && Object.hasOwn(runs, verb)) return runs[verb](argv.slice(2), state)
    if (command !== 'pr' || !Object.hasOwn(gh, verb)) throw new Refusal(`unknown command "${argv.join(' ')}" for "gh"`)
    return gh[verb](argv.slice(2), state)
  })
  process.stdout.write(output ?? '')
} catch (error) {
  process.stderr.write(`${error instanceof Refusal ? error.message : error.stack}\n`)
  process.exitCode = error.code === undefined || typeof error.code !== 'number' ? 1 : error.code
}
