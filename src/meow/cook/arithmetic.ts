/** Whole numbers as ranges of loops write them: `1..2^{{disks}}-1`. Operators + - * / ^ and brackets, `/` rounding down. */

/** The number that a text amounts to; `undefined` when it is none. */
export function calculate(text: string): number | undefined {
  const tokens = text.match(/\d+|[-+*/^()]|\S/g) ?? []
  let at = 0
  const take = (token: string): boolean => tokens[at] === token && ++at > 0
  const binary = (next: () => number, operators: Record<string, (a: number, b: number) => number>) => (): number => {
    let value = next()
    for (let apply = operators[tokens[at] ?? '']; apply !== undefined; apply = operators[tokens[at] ?? '']) {
      at++
      value = apply(value, next())
    }
    return value
  }
  const atom = (): number => {
    if (take('-')) return -atom()
    if (take('(')) {
      const value = sum()
      return take(')') ? value : Number.NaN
    }
    const token = tokens[at++] ?? ''
    return /^\d+$/.test(token) ? Number(token) : Number.NaN
  }
  const power = (): number => {
    const base = atom()
    return take('^') ? base ** power() : base
  }
  const product = binary(power, { '*': (a, b) => a * b, '/': (a, b) => Math.floor(a / b) })
  const sum: () => number = binary(product, { '+': (a, b) => a + b, '-': (a, b) => a - b })
  const value = sum()
  return at === tokens.length && Number.isSafeInteger(value) ? value : undefined
}

/** First and last of `a..b`. */
export function rangeOf(text: string): [first: number, last: number] | undefined {
  const [from, to, ...more] = text.split('..').map(calculate)
  return from === undefined || to === undefined || more.length > 0 ? undefined : [from, to]
}
