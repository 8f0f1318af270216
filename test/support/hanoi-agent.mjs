// A worker that plays the towers of Hanoi, for test/e2e/hanoi.test.ts: a step at a time, each a line and a commit. It may be
// killed anywhere, so it first looks what is there: a move that was committed by whoever came before is not made again.
import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'

const FILE = 'hanoi.txt'
const PEGS = 'ABC'
const run = (program, ...args) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
const lines = () => (existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n').filter(Boolean) : [])

/** Where each disk stands, the largest first, after the moves in the file. */
function play(all) {
  const disks = Number(/^disks (\d+)$/.exec(all[0])[1])
  const pegs = { A: [], B: [], C: [] }
  for (let disk = disks; disk > 0; disk--) pegs.A.push(disk)
  for (const [i, line] of all.slice(1).entries()) {
    const [, n, disk, from, to] = /^move (\d+): disk (\d+) from ([ABC]) to ([ABC])$/.exec(line)
    if (Number(n) !== i + 1) throw new Error(`${line} stands at place ${i + 1}`)
    if (pegs[from].pop() !== Number(disk)) throw new Error(`${line}: that disk is not on top there`)
    if ((pegs[to].at(-1) ?? Infinity) < Number(disk)) throw new Error(`${line}: a larger one on a smaller one`)
    pegs[to].push(Number(disk))
  }
  return { disks, pegs }
}

/** The line of the next move (the formula says by which rule). */
function nextMove(all, n) {
  const { disks, pegs } = play(all)
  if (n !== all.length) throw new Error(`move ${n} is asked for, and ${all.length - 1} were made`)
  const from = [...PEGS].find((peg) => pegs[peg].at(-1) === 1)
  if (n % 2 === 1) {
    const round = disks % 2 === 1 ? 'ACB' : 'ABC'
    return `move ${n}: disk 1 from ${from} to ${round[(round.indexOf(from) + 1) % 3]}`
  }
  const [one, two] = [...PEGS].filter((peg) => peg !== from)
  const [less, more] = (pegs[one].at(-1) ?? Infinity) < (pegs[two].at(-1) ?? Infinity) ? [one, two] : [two, one]
  return `move ${n}: disk ${pegs[less].at(-1)} from ${less} to ${more}`
}

for (;;) {
  const { data } = JSON.parse(run('gt', 'mol', 'next', '--json'))
  if (data.done === data.total) break
  const { id, title } = data.step
  const setUp = /^Set up (\d+) disks$/.exec(title)
  const move = /^move (\d+)$/.exec(title)
  if (setUp !== null) writeFileSync(FILE, `disks ${setUp[1]}\n`)
  else if (move === null) {
    const { disks, pegs } = play(lines())
    if (pegs.C.length !== disks) throw new Error('the tower does not stand on C')
  } else if (lines().length <= Number(move[1])) appendFileSync(FILE, `${nextMove(lines(), Number(move[1]))}\n`)
  if (run('git', 'status', '--porcelain') !== '') {
    run('git', 'add', FILE)
    run('git', 'commit', '-q', '-m', title)
  }
  run('gt', 'mol', 'step', 'done', id)
}
run('gt', 'done', '--message', 'the tower stands on C')
