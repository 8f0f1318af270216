/**
 * Keys of our server, behind its prefix: only such that tmux itself leaves free, so what the hand knows keeps working. They call
 * gt in a popup over the pane: nothing is typed into it, and no agent sees them.
 */
import { shellQuote } from '../agents/guard.ts'
import { plainFormat, quote } from './quote.ts'

export interface Keys {
  /** How gt is called: program and first arguments, absolute. */
  gt: string[]
  /** The town's folder. */
  root: string
  /** The session to go home to. */
  home: string
}

const KEYS = [
  { key: 'a', note: 'gt: what waits for you', args: ['attend'], size: ['95%', '90%'] },
  { key: 'F', note: 'gt: the town as it happens', args: ['feed'], size: ['95%', '90%'] },
  // It goes away by itself when it found somebody, and stays to say why not.
  { key: 'j', note: 'gt: the next agent that waits for you', args: ['attach', '--next'], size: ['64', '8'] },
] as const

/** Lines for the config file. */
export function keysText({ gt, root, home }: Keys): string {
  const popups = KEYS.map(({ key, note, args, size: [width, height] }) => {
    // One string for the shell: older tmux knows no argument vector here.
    const command = [...gt, ...args].map(shellQuote).join(' ')
    return `bind -N ${quote(note)} ${key} display-popup -EE -w ${width} -h ${height} -d ${quote(plainFormat(root))} ${quote(command)}`
  })
  const mayor = `bind -N ${quote('gt: the Mayor')} h switch-client -t ${quote(`=${home}`)}`
  return `# Keys of gt, behind the prefix (Ctrl-b); Ctrl-b ? lists all, Ctrl-b d leaves.\n${[...popups, mayor].join('\n')}\n`
}
