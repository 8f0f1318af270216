/** Times for the eye. */
import { ageOf } from '../../town/duration.ts'

/** How long ago, in the words of the commands: "3 s", "12 min", "5 h", "2 d". */
export const ago = (at: string, now: number): string => ageOf(now - Date.parse(at))

/** The moment on this machine's clock, for the eye that rests on it. */
export const exactly = (at: string): string => new Date(at).toLocaleString([], { hourCycle: 'h23' })

/** The time of day, and the day where that is another one than today. */
export function clock(at: string, now: number): string {
  const date = new Date(at)
  const time = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  return date.toDateString() === new Date(now).toDateString()
    ? date.toLocaleTimeString([], { ...time, second: '2-digit' })
    : date.toLocaleString([], { ...time, day: 'numeric', month: 'short' })
}
