/** What `gt why --json` and `gt bead show --json` answer, as far as the page shows it (the whole: docs/schemas.json). */

export interface Step {
  at: string
  by: string
  fence: string | null
  why: string
  rule: string | null
  evidence: string[]
}

export interface RunLine {
  run: string
  agent: string
  attempt: number
  round: number
  state: string
  since: string
  cause: string | null
  reason: string | null
  archive: string | null
}

export interface WhyMerge {
  kind: 'merge-request'
  id: string
  bead: string
  state: string
  rule: string | null
  reason: string | null
  batch: string[] | null
  tree: string | null
  tests: { at: string; size: number; place: number; tree: string; outcome: string; ms: number; reason?: string }[]
  steps: Step[]
}

export interface WhyBead {
  kind: 'bead'
  id: string
  title: string
  standing: string
  reason: string | null
  runs: RunLine[]
  merge_request: WhyMerge | null
  steps: Step[]
}

export type WhyRun = RunLine & {
  kind: 'run'
  bead: string
  title: string
  merge_request: string | null
  verdict: string | null
  evidence: string[]
  steps: Step[]
}

export interface WhyIncident {
  kind: 'incident'
  id: string
  title: string
  open: boolean
  breaker: { state: string; text: string } | null
  failures: { at: string; run: string; bead: string; agent: string; reason: string }[]
  rule: string
  rule_text: string
  steps: Step[]
}

export interface ConvoyMember {
  id: string
  title: string
  state: string
  wave: number
  agent: string | null
  cause: { bead: string; text: string } | null
}

export interface ConvoyAnswer {
  members: ConvoyMember[]
}

export type WhyAnswer = WhyBead | WhyRun | WhyMerge | WhyIncident

export interface BeadAnswer {
  id: string
  title: string
  description?: string
  issue_type: string
  priority: number
  labels?: string[]
  comments?: { author?: string; text?: string; created_at?: string }[]
  dependencies?: { depends_on_id: string; type: string }[]
}
