/**
 * An agent's inbox: one file per word of the town itself (reminders, warnings) in `<folder>/inbox/`, delivered by hook (law 9).
 * The hook guard looks whether anything is there and starts Node only then. Messages of the ledger lie there too, under names
 * of their own (mail/folder.ts).
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Read, Result } from '../result.ts'
import { empty, fail, messageOf, ok } from '../result.ts'
import { writeFileAtomic } from '../town/atomic.ts'

/** Files of others: messages of the ledger, and an atomic write under way. */
const NOT_OURS = /^\.|\.(?:mail|seen|tmp)$/

/** Puts a message in; the name sorts by time. */
export function putInInbox(folder: string, text: string): Result<void> {
  const inbox = join(folder, 'inbox')
  try {
    mkdirSync(inbox, { recursive: true })
  } catch (error) {
    return fail('E_INBOX', `The inbox ${inbox} cannot be made: ${messageOf(error)}.`)
  }
  const name = `${Date.now().toString(36)}-${crypto.randomUUID().slice(0, 8)}`
  // The guard only looks at visible files, and the atomic write makes this one visible whole.
  return writeFileAtomic(join(inbox, name), text)
}

/** Takes everything out, oldest first. A message is renamed before it is read, so that two hooks never both print it. */
export function drainInbox(folder: string): Read<string[]> {
  const inbox = join(folder, 'inbox')
  let names: string[]
  try {
    names = readdirSync(inbox).filter((name) => !NOT_OURS.test(name))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return empty
    return fail('E_INBOX', `The inbox ${inbox} cannot be read: ${messageOf(error)}.`)
  }
  const messages: string[] = []
  for (const name of names.sort()) {
    const mine = join(inbox, `.taken-${process.pid}-${name}`)
    try {
      renameSync(join(inbox, name), mine)
      messages.push(readFileSync(mine, 'utf8'))
      rmSync(mine)
    } catch {
      // Another hook took it.
    }
  }
  return messages.length > 0 ? ok(messages) : empty
}
