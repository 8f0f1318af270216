/**
 * The facts of a long-lived agent that a person talks to (the Mayor, each crew member), under `metadata.gt.agent` of its own
 * bead. That bead is closed and pinned: a record, never a task. What its pane shows is asked of the runtime, not kept here.
 */

/**
 * How a conversation came to its end: sent home, handed over to a fresh one, gone with the town, cleared at its prompt, or
 * its program ended by itself and it could not be taken up again.
 */
export type ConversationEnd = 'stopped' | 'handoff' | 'down' | 'cleared' | 'lost'

/** One conversation of an agent with its model: the thing that can be taken up again, or asked (`gt seance`). */
export interface Conversation {
  /** Agent table that it ran under. */
  preset: string
  /** Model that it was begun with, when one was chosen. */
  model?: string
  /** Name of the login; absent: whoever is logged in. */
  account?: string
  /** Where its client keeps its transcripts (Claude Code: the config folder), where it has such a place. */
  config?: string
  cwd: string
  /** RFC 3339. */
  started: string
  /** Absent: it is the present one, or it was never said that it ended. */
  ended?: string
  how?: ConversationEnd
}

/** A crew member's place. */
export interface CrewFacts {
  rig: string
  name: string
  branch: string
  worktree: string
  /** The branch of the remote that it began from. */
  from: string
  /** Commit that the branch began at; absent while it is being made. */
  base?: string
  /** Under which what it leaves is archived. Unique for ever, while names come back. */
  fence: string
  state: 'making' | 'ready' | 'removed'
  removed_at?: string
  /** Ref in the rig's repository, once archived. */
  archive?: string
}

export interface AgentFacts {
  /** `mayor`, `gp/crew/max`. */
  address: string
  role: 'mayor' | 'crew'
  /** Nobody sent it home: after a reboot `gt up` brings it back. */
  in: boolean
  /** Which agent table plays it, when one was chosen. */
  preset?: string
  /**
   * The session that it should be in. The fence stands on the session itself as a label, so one that is an older session's is
   * known by it, and a word from there is refused.
   */
  session?: { fence: string; conversation: string; since: string }
  /** By the client's own id. The newest are kept (kernel/agents.ts). */
  conversations: Record<string, Conversation>
  /** What the last conversation left to the next; `for`: the one that has been told. */
  notes?: { text: string; at: string; for?: string }
  /** It asked for a fresh conversation. */
  cycle?: 'asked'
  crew?: CrewFacts
}
