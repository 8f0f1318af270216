/**
 * Reading an exported file, line by line and to the end: all that is wrong with it is found in one go, each with its
 * line. Reads what `bd` (old and new), `br` and `gt` write.
 */
import type { Bead } from './bead.ts'
import { same } from './canonical.ts'
import { foreignBead } from './snapshot.ts'

/** Something about a line (counted from 1). */
export interface Remark {
  line: number
  id?: string
  text: string
}

export interface ExportedBead {
  line: number
  /** Only the keys that the line gives. */
  bead: Partial<Bead> & { id: string; title: string }
  /** The line as it was parsed, untouched. */
  raw: Record<string, unknown>
}

export interface ExportedFile {
  beads: ExportedBead[]
  /** Lines of other kinds, by what they are: a schema header, a memory. */
  skipped: Remark[]
  /** What would be lost if the file were taken in: any of these stops the import. */
  problems: Remark[]
  notes: Remark[]
}

/** Reads the whole file; never fails, for what is wrong with it is part of the answer. */
export function readExport(bytes: Buffer): ExportedFile {
  const file: ExportedFile = { beads: [], skipped: [], problems: [], notes: [] }
  const byId = new Map<string, ExportedBead>()
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const wrong = wrongText(line, bytes)
    if (wrong) file.problems.push({ line: at + 1, text: wrong })
    else readLine(line, at + 1, file, byId)
  }
  return file
}

function wrongText(line: string, bytes: Buffer): string | null {
  if (/^(<{7}|={7}|>{7}|\|{7})/.test(line)) return 'it is a conflict marker of git'
  // A replacement character that the file itself does not hold stands for bytes that could not be read.
  if (line.includes('\uFFFD') && !bytes.includes('\uFFFD')) return 'it is not UTF-8'
  return null
}

function readLine(line: string, number: number, file: ExportedFile, byId: Map<string, ExportedBead>): void {
  const read = foreignBead(line)
  if (read.kind === 'empty') {
    file.skipped.push({ line: number, text: line.includes('"_schema"') ? 'schema header' : 'memory' })
    return
  }
  if (read.kind !== 'ok') {
    file.problems.push({ line: number, text: read.kind === 'error' ? read.failure.message : read.why })
    return
  }
  const raw = JSON.parse(line) as Record<string, unknown>
  const bead = read.value as ExportedBead['bead']
  const { id } = bead
  const lossy = inexactNumber(line)
  if (lossy) {
    const text = `it holds the number ${lossy.slice(0, 40)}, which would come out as ${Number(lossy)}; write it as text`
    file.problems.push({ line: number, id, text })
  }
  const twin = byId.get(id)
  if (twin === undefined) {
    const made = { line: number, bead, raw }
    byId.set(id, made)
    file.beads.push(made)
  } else if (same(twin.raw, raw)) file.notes.push({ line: number, id, text: `it says the same as line ${twin.line}` })
  else
    file.problems.push({ line: number, id, text: `${id} stands in line ${twin.line} already and says something else` })
}

/** The first number in some JSON text that JavaScript cannot hold to the last digit. */
export function inexactNumber(json: string): string | undefined {
  for (const [token] of json.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    if (token.startsWith('"')) continue
    if (decimal(token) !== decimal(String(Number(token)))) return token
  }
  return undefined
}

/** A number as sign, digits without zeros at either end, and power of ten: the same value gives the same text. */
function decimal(token: string): string {
  const parts = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(token)
  if (!parts) return token
  const [, sign = '', whole = '', fraction = '', power = '0'] = parts
  const digits = (whole + fraction).replace(/^0+/, '')
  const trimmed = digits.replace(/0+$/, '')
  if (trimmed === '') return '0'
  return `${sign}${trimmed}e${Number(power) - fraction.length + digits.length - trimmed.length}`
}
