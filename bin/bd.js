#!/usr/bin/env node
// The beads of a gt town for programs that run `bd`: BD_BIN=<this file> (docs/compatibility.md).
process.argv.splice(2, 0, 'bd-json')
import('../dist/main.js')
