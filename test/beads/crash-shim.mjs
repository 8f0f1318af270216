// Loaded before a program (node --import): counts every call that changes a disk and kills the process at the n-th.
//
//   CRASH_AT    which call, from 1; 0 only lists the calls, one line each on stderr, with a `*` where the program said
//               something since the call before
//   CRASH_HOW   before   the call is not made any more
//               after    the call was made, its caller never learns it
//               torn     a write: half of its bytes arrive
//               power    the call was made, and then everything is taken back that no fsync made durable
//
// Starting git is such a call too: git changes the disk in its own process.
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename, dirname } from 'node:path'

const at = Number(process.env.CRASH_AT ?? 0)
const how = process.env.CRASH_HOW ?? 'before'
const real = { ...fs }
let count = 0
let dying = false
let said = false
/** Path of each open file. */
const open = new Map()
/** What a loss of power would take back, oldest first. `folder`: made durable by its fsync; `file`: by the file's. */
let undo = []

function die() {
  // Node's own functions call each other: what taking back does is no step of the program.
  dying = true
  if (how === 'power') {
    try {
      for (const { back } of [...undo].reverse()) back()
    } catch (error) {
      // The program would take it for an error of its own disk.
      real.writeSync(2, `could not take back: ${error.stack}\n`)
    }
  }
  process.kill(process.pid, 'SIGKILL')
}

function list(line) {
  if (at === 0) real.writeSync(2, `${said ? '*' : ''}${line}\n`)
  said = false
}

/** Makes the call, unless it is the one at which everything ends. */
function step(name, path, call, half) {
  if (dying) return call()
  count += 1
  list(`${name} ${basename(String(path)).replace(/^tmp\..*/, 'tmp')}`)
  if (count === at && how === 'before') die()
  if (count === at && how === 'torn') {
    half?.()
    die()
  }
  const answer = call()
  if (count === at) die()
  return answer
}

const changes = (flags) => (typeof flags === 'number' ? (flags & 3) !== 0 : flags !== 'r')

fs.openSync = (path, flags = 'r', ...more) => {
  const creates = !dying && changes(flags) && !real.existsSync(path)
  const fd = creates
    ? step('create', path, () => {
        const made = real.openSync(path, flags, ...more)
        undo.push({ folder: dirname(path), back: () => real.rmSync(path, { force: true }) })
        return made
      })
    : real.openSync(path, flags, ...more)
  open.set(fd, String(path))
  return fd
}
fs.closeSync = (fd) => {
  open.delete(fd)
  return real.closeSync(fd)
}
fs.writeSync = (fd, bytes, ...more) => {
  const path = open.get(fd)
  if (fd === 1) said = true
  if (path === undefined) return real.writeSync(fd, bytes, ...more)
  const half = () => real.writeSync(fd, bytes.subarray(0, bytes.length >> 1))
  return step(
    'write',
    path,
    () => {
      const { size, ino } = real.fstatSync(fd)
      undo.push({ file: ino, back: () => real.truncateSync(path, size) })
      return real.writeSync(fd, bytes, ...more)
    },
    half,
  )
}
for (const name of ['fsyncSync', 'fdatasyncSync']) {
  fs[name] = (fd) =>
    step(name.slice(0, -4), open.get(fd), () => {
      const answer = real[name](fd)
      const { ino } = real.fstatSync(fd)
      undo = undo.filter(({ folder, file }) => folder !== open.get(fd) && file !== ino)
      return answer
    })
}
fs.linkSync = (from, to) =>
  step('link', to, () => {
    real.linkSync(from, to)
    undo.push({ folder: dirname(to), back: () => real.rmSync(to, { force: true }) })
  })
fs.renameSync = (from, to) =>
  step('rename', to, () => {
    const kept = `${to}.${count}.kept`
    const there = real.existsSync(to)
    if (how === 'power' && there) real.linkSync(to, kept)
    real.renameSync(from, to)
    if (how !== 'power') return
    const back = () => {
      real.renameSync(to, from)
      if (there) real.renameSync(kept, to)
    }
    undo.push({ folder: dirname(to), back })
  })
fs.unlinkSync = (path) =>
  step('unlink', path, () => {
    const bytes = how === 'power' ? real.readFileSync(path) : ''
    real.unlinkSync(path)
    undo.push({ folder: dirname(path), back: () => real.writeFileSync(path, bytes) })
  })
fs.mkdirSync = (path, ...more) =>
  step('mkdir', path, () => {
    const there = real.existsSync(path)
    const answer = real.mkdirSync(path, ...more)
    if (!there) undo.push({ folder: dirname(path), back: () => real.rmSync(path, { recursive: true }) })
    return answer
  })
// Nothing of the ledger uses these today; should it begin to, they are counted.
for (const name of ['writeFileSync', 'appendFileSync', 'truncateSync', 'ftruncateSync', 'rmSync', 'copyFileSync']) {
  fs[name] = (path, ...more) => step(name.slice(0, -4), path, () => real[name](path, ...more))
}
const { execFile } = childProcess
childProcess.execFile = (file, argv, options, done) => {
  const what = argv.find((word) => /^[a-z]+(-[a-z]+)*$/.test(word) && word !== '-c')
  const ended = (...answer) => {
    count += 1
    list(`${file} ${what}`)
    if (count === at) die()
    done(...answer)
  }
  return execFile(file, argv, options, ended)
}
syncBuiltinESMExports()
