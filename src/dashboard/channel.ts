/**
 * Something that changes, told to everybody who looks: made once for all of them, only while somebody does, and only
 * when it is another than before.
 */

export interface Told {
  /** Grows with each change; never the same for two texts. */
  id: number
  /** JSON on one line. */
  text: string
}

/** Begins to make values and hands each to `tell`. Returns the way to stop. */
export type Producer<T> = (tell: (value: T) => void) => () => void

export class Channel<T> {
  readonly #produce: Producer<T>
  readonly #keyOf: (value: T, text: string) => string
  readonly #viewers = new Set<(told: Told) => void>()
  #stop: (() => void) | undefined
  #last: Told = { id: 0, text: '' }
  #key = ''
  /** False from when nobody looked until the next value: what is kept may be old by then. */
  #fresh = false

  /** `keyOf`: what makes a value another one; all of it, unless said. */
  constructor(produce: Producer<T>, keyOf: (value: T, text: string) => string = (_value, text) => text) {
    this.#produce = produce
    this.#keyOf = keyOf
  }

  get viewers(): number {
    return this.#viewers.size
  }

  /**
   * Tells the viewer what is now, unless that is what it has (`seen`), and then each change.
   *
   * @returns the way to leave
   */
  join(viewer: (told: Told) => void, seen?: number): () => void {
    let known = seen
    const once = (told: Told): void => {
      if (told.id === known) return
      known = told.id
      viewer(told)
    }
    this.#viewers.add(once)
    if (this.#viewers.size === 1) this.#begin()
    else if (this.#fresh) once(this.#last)
    return () => {
      if (this.#viewers.delete(once) && this.#viewers.size === 0) this.#end()
    }
  }

  #begin(): void {
    this.#stop = this.#produce((value) => {
      const text = JSON.stringify(value)
      const key = this.#keyOf(value, text)
      this.#last = { id: this.#last.id + (key === this.#key ? 0 : 1), text }
      this.#key = key
      this.#fresh = true
      for (const viewer of this.#viewers) viewer(this.#last)
    })
    // Whoever left from within the first telling has ended it before there was a way to.
    if (this.#viewers.size === 0) this.#end()
  }

  #end(): void {
    this.#stop?.()
    this.#stop = undefined
    this.#fresh = false
  }
}
