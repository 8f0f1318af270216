import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { HostReadings } from '../../src/town/host.ts'
import { parseMemAvailable, parseVmStat, readHost } from '../../src/town/host.ts'
import { folder } from './folder.ts'

const MB = 1024 * 1024

/** A kernel that shows these files; paths below `proc/` and `cgroups/`. */
function kernel(files: Record<string, string>): HostReadings {
  const dir = folder()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true })
    writeFileSync(join(dir, path), text)
  }
  return readHost(dir, { proc: join(dir, 'proc'), cgroups: join(dir, 'cgroups') })
}

const MEMINFO = 'MemTotal:       8000000 kB\nMemFree:         100000 kB\nMemAvailable:    4096000 kB\n'
const machine = { 'proc/meminfo': MEMINFO, 'proc/vmstat': 'nr_free_pages 1\noom_kill 3\noom_kill_x 9\n' }

describe.runIf(process.platform === 'linux')('the readings of this machine', () => {
  it('are all there, and within what the machine can have', () => {
    const read = readHost(folder())
    for (const reading of Object.values(read)) expect(reading.kind).toBe('ok')
    expect(read.cores).toEqual({ kind: 'ok', value: cpus().length })
    const total = Number(/^MemTotal:\s+(\d+)/.exec(readFileSync('/proc/meminfo', 'utf8'))![1]) * 1024
    const memory = read.memoryFreeBytes.kind === 'ok' ? read.memoryFreeBytes.value : 0
    expect(memory).toBeGreaterThan(MB)
    expect(memory).toBeLessThanOrEqual(total)
  })

  it('are unknown, each by itself, where the system does not tell', () => {
    const read = kernel({ 'proc/nothing': '' })
    expect(read.memoryFreeBytes.kind).toBe('unknown')
    expect(read.oomKills.kind).toBe('unknown')
    expect(read.diskFreeBytes.kind).toBe('ok')
    expect(readHost('/no/such/town').diskFreeBytes.kind).toBe('unknown')
  })
})

describe.runIf(process.platform === 'linux')('memory and kills', () => {
  it('is what the kernel calls available where no cgroup limits us', () => {
    const own = { ...machine, 'proc/self/cgroup': '4:memory:/old\n0::/user/x\n' }
    expect(kernel(machine).memoryFreeBytes).toEqual({ kind: 'ok', value: 4_096_000 * 1024 })
    expect(kernel(own).memoryFreeBytes).toEqual({ kind: 'ok', value: 4_096_000 * 1024 })
    const unlimited = { ...own, 'cgroups/user/x/memory.max': 'max\n', 'cgroups/user/x/memory.current': '1\n' }
    expect(kernel(unlimited).memoryFreeBytes).toEqual({ kind: 'ok', value: 4_096_000 * 1024 })
    expect(kernel(own).oomKills).toEqual({ kind: 'ok', value: 3 })
  })

  it('is the least that our cgroup and those around it leave, with idle file pages counted as free', () => {
    const files = {
      ...machine,
      'proc/self/cgroup': '0::/user/x\n',
      'cgroups/user/x/memory.max': `${500 * MB}\n`,
      'cgroups/user/x/memory.current': `${300 * MB}\n`,
      'cgroups/user/x/memory.stat': `anon 1\ninactive_file ${100 * MB}\n`,
    }
    expect(kernel(files).memoryFreeBytes).toEqual({ kind: 'ok', value: 300 * MB })
    const outer = { 'cgroups/user/memory.max': `${200 * MB}`, 'cgroups/user/memory.current': `${150 * MB}` }
    expect(kernel({ ...files, ...outer }).memoryFreeBytes).toEqual({ kind: 'ok', value: 50 * MB })
    const over = { 'cgroups/memory.max': `${MB}`, 'cgroups/memory.current': `${2 * MB}` }
    expect(kernel({ ...files, ...over }).memoryFreeBytes).toEqual({ kind: 'ok', value: 0 })
    const roomy = { ...files, 'cgroups/user/x/memory.max': `${9_000 * MB}` }
    expect(kernel(roomy).memoryFreeBytes, 'the machine has less').toEqual({ kind: 'ok', value: 4_096_000 * 1024 })
  })

  it('does not look outside what its namespace shows', () => {
    const files = {
      ...machine,
      'proc/self/cgroup': '0::/../x\n',
      'x/memory.max': '1',
      'x/memory.current': '1',
    }
    expect(kernel(files).memoryFreeBytes).toEqual({ kind: 'ok', value: 4_096_000 * 1024 })
  })
})

describe('what other programs print', () => {
  it('is read where it says what is asked, and is nothing otherwise', () => {
    expect(parseMemAvailable('MemFree: 3 kB\n')).toBeUndefined()
    const text = `Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               10.
Pages active:                            999.
Pages inactive:                           20.
Pages speculative:                         3.
Pages throttled:                           0.
Pages wired down:                        999.
Pages purgeable:                           4.
`
    expect(parseVmStat(text)).toBe(37 * 16_384)
    expect(parseVmStat(text.replace('Pages purgeable', 'Pages odd'))).toBeUndefined()
    expect(parseVmStat('')).toBeUndefined()
  })
})
