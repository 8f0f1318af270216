#!/usr/bin/env node
// The launcher. CommonJS, because the ES module loader alone costs a fifth of Node's own start; whatever needs no
// module is answered before it is loaded.
if (process.argv[2] === '--version' || process.argv[2] === '-V') {
  require('node:fs').writeSync(1, `${require('../package.json').version}\n`)
} else {
  import('../dist/main.js')
}
