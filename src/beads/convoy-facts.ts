/** The typed facts of a convoy, under `metadata.gt.convoy` (facts.ts). */

/** What a convoy is to tell, and whom. How far it is stands nowhere: it follows from its members (src/convoys). */
export interface Following {
  /** Who sent it off. */
  by: string
  at: string
  /** Addresses that are told besides. */
  notify?: string[]
  /** When all that it consists of was over and that was told. Taken away when a member is at work again. */
  told?: string
}
