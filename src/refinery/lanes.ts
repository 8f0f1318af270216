/**
 * Which entries have to wait for each other. Pure. Two changes belong to one lane when some gate depends on files of
 * both; changes in different lanes are tested and land without a thought for each other. With one gate that names no
 * paths there is one lane.
 */
import type { GateSettings } from '../town/settings.ts'
import { dependsOn } from './keys.ts'

/** Splits entries, in order, into lanes; a lane stands where its first entry stood. */
export function lanesOf<E extends { files: readonly string[] }>(
  entries: readonly E[],
  gates: readonly Pick<GateSettings, 'name' | 'paths'>[],
): E[][] {
  if (gates.length === 0 || gates.some((gate) => gate.paths === undefined)) {
    return entries.length > 0 ? [[...entries]] : []
  }
  const matchers = gates.map((gate) => dependsOn(gate))
  let lanes: { gates: Set<number>; entries: E[] }[] = []
  for (const entry of entries) {
    const touched = new Set(matchers.flatMap((matches, index) => (entry.files.some(matches) ? [index] : [])))
    const meets = (lane: { gates: Set<number> }): boolean => [...touched].some((gate) => lane.gates.has(gate))
    const [first, ...rest] = lanes.filter(meets)
    if (first === undefined) {
      lanes.push({ gates: touched, entries: [entry] })
      continue
    }
    for (const lane of [...rest, { gates: touched, entries: [entry] }]) {
      for (const gate of lane.gates) first.gates.add(gate)
      first.entries.push(...lane.entries)
    }
    lanes = lanes.filter((lane) => !rest.includes(lane))
  }
  const place = new Map(entries.map((entry, index) => [entry, index]))
  return lanes.map((lane) => lane.entries.sort((a, b) => place.get(a)! - place.get(b)!))
}
