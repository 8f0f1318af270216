/** Carries out one action of the plan. Each is idempotent: what somebody else did meanwhile is `nothing` to do. */
import type { Bead } from '../beads/bead.ts'
import { newBeadId } from '../beads/ids.ts'
import type { OpenTown } from '../kernel/town.ts'
import type { Result } from '../result.ts'
import { ok, unreachable } from '../result.ts'
import type { RigSettings } from '../town/settings.ts'
import { alarmText, endAlarm, isRepair, raiseAlarm } from './alarm.ts'
import { move } from './books.ts'
import { landPrefix } from './landing.ts'
import type { GateLog } from './log.ts'
import { endOf } from './log.ts'
import { redEvidence } from './messages.ts'
import type { Action } from './plan.ts'
import type { Lane } from './rows.ts'
import type { TestRuns } from './testing.ts'
import { culprit, isGreen, reportOf } from './verdict.ts'

export interface Tools {
  town: OpenTown
  rig: RigSettings
  log: GateLog
  runs: TestRuns
}

/** `moved`: the target is elsewhere. `apart`: a group was refused. `testing`: a run began or ended; rows stay as they are. */
export type Done = 'done' | 'nothing' | 'moved' | 'apart' | 'testing'

export async function carryOut(tools: Tools, action: Action, lane: Lane | undefined): Promise<Result<Done>> {
  if (action.do === 'stop') {
    await tools.runs.stop(action.run)
    return ok('done')
  }
  if (lane === undefined) return ok('nothing')
  switch (action.do) {
    case 'test':
      return test(tools, action, lane)
    case 'land': {
      const landed = await landPrefix(tools.town, tools.rig, tools.log, lane, action.count)
      if (landed.kind === 'error') return landed
      return ok(landed.value === 'moved' || landed.value === 'apart' ? landed.value : 'done')
    }
    case 'return':
      return sendBack(tools, action, lane)
    case 'freeze':
      return freeze(tools, lane)
    case 'thaw':
      return thaw(tools, lane)
    default:
      return unreachable(action)
  }
}

async function test(tools: Tools, action: Extract<Action, { do: 'test' }>, lane: Lane): Promise<Result<Done>> {
  const begun = await tools.runs.begin(tools.rig, lane, action)
  if (begun.kind === 'error') return begun
  return ok(begun.value ? 'testing' : 'done')
}

function sendBack(tools: Tools, action: Extract<Action, { do: 'return' }>, lane: Lane): Result<Done> {
  const { town, rig, log } = tools
  const { link, rule } = action
  const request = lane.requests.get(link.id)!
  const { merge } = request
  const red = culprit(link.verdict)
  const text = red?.finding.text ?? 'the gate did not pass'
  const now = town.now()
  const command = rig.gates.map((gate) => gate.run).join(' && ')
  const moved = move(town, request, 'red', `${text} [${rule}]`, {
    reason: text,
    evidence: redEvidence({ text, tail: red?.finding.tail ?? '' }),
    gate: reportOf(link.verdict, link.tree, command, now.toISOString()),
    rule,
    returns: (merge.returns ?? 0) + 1,
    red_head: merge.head,
    executor: undefined,
    candidate: undefined,
  })
  if (moved.kind === 'error') return moved
  if (!moved.value) return ok('done')
  const logged = log.append(endOf(request, link.verdict.is === 'could_not_run' ? 'could_not_run' : 'red', now))
  return logged.kind === 'error' ? logged : ok('done')
}

/** The queue of this target waits, and one urgent bead says so. */
function freeze({ town, rig }: Tools, lane: Lane): Result<Done> {
  let changed = false
  const { verdict, commit, tree } = lane.base
  const reason = alarmText(lane.target, verdict)
  let alarm: Bead | undefined = lane.alarm
  if (alarm === undefined) {
    const id = newBeadId(rig.prefix, (taken) => town.ledger.state.beads.has(taken))
    const red = { rig: rig.name, target: lane.target, commit, tree }
    const raised = town.ledger.write(raiseAlarm(id, red, verdict, town.now().toISOString()))
    if (raised.kind === 'error') return raised
    alarm = town.ledger.state.beads.get(id)
    changed = true
  }
  for (const request of lane.requests.values()) {
    if (isRepair(request, alarm)) continue
    const note = { reason, held_for: 'red-target' as const, executor: undefined, candidate: undefined }
    const parked = move(town, request, 'could_not_run', `${reason}: waits until it is green`, note)
    if (parked.kind === 'error') return parked
    changed ||= parked.value
  }
  return ok(changed ? 'done' : 'nothing')
}

/** The target is not known to be red (any more): what waited for it is tried again; green ends the alarm. */
function thaw({ town }: Tools, lane: Lane): Result<Done> {
  let changed = false
  for (const request of lane.parked) {
    // What was red while the target was says nothing about the work.
    const note = { held_for: undefined, reason: undefined, handed_in_at: town.now().toISOString() }
    const moved = move(town, request, 'queued', `${lane.target} is not known to be red any more`, note)
    if (moved.kind === 'error') return moved
    changed ||= moved.value
  }
  if (lane.alarm !== undefined && isGreen(lane.base.verdict)) {
    const ended = town.ledger.write(endAlarm(lane.alarm, lane.base.commit))
    if (ended.kind === 'error') return ended
    changed ||= ended.value.applied
  }
  return ok(changed ? 'done' : 'nothing')
}
