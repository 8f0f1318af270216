/** The page's own files: read once, served from memory by their exact names. There is no way from a path to a disk. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Result } from '../result.ts'
import { fail, messageOf, ok } from '../result.ts'
import { installed } from '../town/installation.ts'

export interface PageFile {
  type: string
  body: Buffer
}

const TYPES = {
  'index.html': 'text/html; charset=utf-8',
  'app.js': 'text/javascript; charset=utf-8',
  'app.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const

/** By the path under which each is asked for; the page itself is `''`. `E_NO_PAGE`: this installation lacks them. */
export function pageFiles(folder = installed('dist/dashboard')): Result<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>()
  try {
    for (const [name, type] of Object.entries(TYPES)) {
      files.set(name === 'index.html' ? '' : name, { type, body: readFileSync(join(folder, name)) })
    }
  } catch (error) {
    return fail('E_NO_PAGE', `The page’s files cannot be read: ${messageOf(error)}.`, {
      hint: 'npm run build   in the folder of gt’s sources, or install gt again',
    })
  }
  return ok(files)
}
