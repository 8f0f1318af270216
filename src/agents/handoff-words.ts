/** The first prompt of a conversation that goes on where another one of the same agent handed off. Pure. */
import { fenced, sanitize, tail } from './fence.ts'

/** Notes are meant to be short; of longer ones the end. */
const NOTES_BYTES = 6_000

export function goesOnWords(address: string, notes: string): string {
  return `You are ${address}, and you go on where your last session handed off to you. You have its work now: do not announce yourself, do not start over, and do not hand off again before you have got on. Take the next step; if the notes say to wait for the person, wait.
${fenced('Your notes from that session:', tail(sanitize(notes).trim(), NOTES_BYTES))}`
}
