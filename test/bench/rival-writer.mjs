// The same load as ledger-writer's on other stores, for comparison within one run of the benchmark. Same words out.
//
//   rival-writer <lockfile|sqlite> <folder> <name> <writes> <claims>
//
// lockfile: an O_EXCL lock file around "read what is new, decide, append, fdatasync". A waiter tries again after 1 to 3 ms.
// sqlite:   better-sqlite3 (from $GT_BENCH_SQLITE) or Node's own, WAL, synchronous=FULL, one transaction per write.
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [kind, folder, name, writes, claims] = process.argv.slice(2)

function lockFile() {
  const fd = openSync(join(folder, 'log'), 'a+')
  const lock = join(folder, 'lock')
  const claimed = new Set()
  let offset = 0
  const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
  const locked = (body) => {
    for (;;) {
      try {
        closeSync(openSync(lock, 'wx'))
        break
      } catch (error) {
        if (error.code !== 'EEXIST') throw error
        pause(1 + Math.random() * 2)
      }
    }
    try {
      return body()
    } finally {
      unlinkSync(lock)
    }
  }
  const readNew = () => {
    const bytes = Buffer.alloc(fstatSync(fd).size - offset)
    readSync(fd, bytes, 0, bytes.length, offset)
    offset += bytes.length
    for (const line of bytes.toString().split('\n'))
      if (line !== '' && JSON.parse(line).claim) claimed.add(JSON.parse(line).claim)
  }
  const append = (record) => {
    writeSync(fd, `${JSON.stringify(record)}\n`)
    fdatasyncSync(fd)
  }
  return {
    create: (bead) => locked(() => append(bead)),
    claim: (id) =>
      locked(() => {
        readNew()
        if (claimed.has(id)) return false
        append({ claim: id, by: name })
        return true
      }),
  }
}

async function sqlite() {
  let db
  if (process.env.GT_BENCH_SQLITE) {
    const Database = createRequire(join(process.env.GT_BENCH_SQLITE, 'x.js'))('better-sqlite3')
    db = new Database(join(folder, 'beads.db'), { timeout: 60_000 })
  } else {
    const { DatabaseSync } = await import('node:sqlite')
    db = new DatabaseSync(join(folder, 'beads.db'))
    db.exec('PRAGMA busy_timeout = 60000')
  }
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  db.exec('CREATE TABLE IF NOT EXISTS beads (id TEXT PRIMARY KEY, json TEXT, assignee TEXT)')
  const insert = db.prepare('INSERT INTO beads VALUES (?, ?, NULL)')
  const take = db.prepare('INSERT INTO beads VALUES (?, NULL, ?) ON CONFLICT (id) DO NOTHING')
  return {
    create: (bead) => insert.run(bead.id, JSON.stringify(bead)),
    claim: (id) => take.run(id, name).changes === 1,
  }
}

const store = kind === 'sqlite' ? await sqlite() : lockFile()
const alive = setInterval(() => {}, 1000)
const opened = new Promise((resolve) => process.once('SIGUSR2', resolve))
writeSync(1, 'ready\n')
await opened
clearInterval(alive)
const took = []
const timed = (call) => {
  const started = performance.now()
  const answer = call()
  took.push(performance.now() - started)
  return answer
}
for (let i = 0; i < Number(writes); i++) {
  const at = new Date().toISOString()
  const bead = { id: `${name}-${i}`, title: `bead ${i} of ${name}`, description: 'x'.repeat(200), status: 'open' }
  timed(() => store.create({ ...bead, priority: 2, issue_type: 'task', created_at: at, updated_at: at }))
  if (i < Number(claims)) writeSync(1, `${timed(() => store.claim(`claim-${i}`)) ? 'won' : 'lost'} claim-${i}\n`)
}
writeSync(1, `done ${took.map((ms) => ms.toFixed(3)).join(' ')}\n`)
