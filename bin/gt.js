#!/usr/bin/env node
// The launcher. CommonJS, because the ES module loader alone costs a fifth of Node's own start; whatever needs no
// module is answered before it is loaded.
if (process.argv[2] === '--version' || process.argv[2] === '-V') {
  require('node:fs').writeSync(1, `${require('../package.json').version}\n`)
} else if (!quick()) {
  import('../dist/main.js')
}

/**
 * `gt bead ready|show|list` and `gt mol next` in their plain forms (src/cli/bead-fast.ts, mol-fast.ts); true when that
 * was all.
 */
function quick() {
  const [noun, verb] = process.argv.slice(2, 4)
  const bead = (noun === 'bead' || noun === 'bd') && ['ready', 'show', 'list'].includes(verb)
  if (!bead && !(noun === 'mol' && verb === 'next')) return false
  const file = bead ? '../dist/fast.cjs' : '../dist/fast-mol.cjs'
  return require(file).answerFast(process.argv.slice(3), process.env, process.cwd())
}
