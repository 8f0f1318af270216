/** Names for polecats: for people and authorship only. Identity is the run's fence. */

const POOL = [
  'toast',
  'rust',
  'chrome',
  'nitro',
  'slit',
  'ace',
  'dag',
  'fragile',
  'cheedo',
  'keeper',
  'valkyrie',
  'morsov',
  'doof',
  'coma',
  'bolt',
  'piston',
  'gasket',
  'spark',
  'torque',
  'axle',
  'camshaft',
  'diesel',
  'ember',
  'flint',
  'gravel',
  'hubcap',
  'ignition',
  'jackal',
  'kestrel',
  'lugnut',
  'magneto',
  'nickel',
  'octane',
  'paddock',
  'quartz',
  'ratchet',
  'sprocket',
  'throttle',
  'umber',
  'vector',
  'wrench',
  'xenon',
  'yoke',
  'zinc',
] as const

/** A name that nobody in `taken` bears, in a fixed order; numbered once the pool is used up. */
export function freeName(taken: ReadonlySet<string>, skip = 0): string {
  const free = POOL.filter((name) => !taken.has(name))
  if (free.length > 0) return free[skip % free.length]!
  for (let n = skip + 1; ; n++) if (!taken.has(`polecat${n}`)) return `polecat${n}`
}

/** Address of a polecat. */
export const polecatAddress = (rig: string, name: string): string => `${rig}/polecats/${name}`
