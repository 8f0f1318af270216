// Builds dist/: one lazily loaded split bundle. Every command lives in a chunk of its own, so that a command loads
// what it needs and nothing else (docs/decisions.md, "Start-up").
//
// Chunks are named by their content and put beside the old ones, the entry comes last: a daemon that runs the old build,
// or another build at the same time, never finds a file missing. Old chunks go a day later.
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const KEEP_OLD_MS = 24 * 60 * 60 * 1000
const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: { main: 'src/cli/main.ts' },
  outdir: 'dist',
  write: false,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  define: { __GT_VERSION__: JSON.stringify(version) },
  // Bundled CommonJS packages still call require() for Node's own modules.
  banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
})

// The quick answers of bin/gt.js: a CommonJS file for each, because loading modules one by one takes longer than answering.
const quick = await build({
  absWorkingDir: root,
  entryPoints: { fast: 'src/cli/bead-fast.ts', 'fast-mol': 'src/cli/mol-fast.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  write: false,
  bundle: true,
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  define: { 'import.meta.url': '__filename' },
})
outputFiles.push(...quick.outputFiles)

// The dashboard's page, for browsers: one script, one style sheet, and two files as they are.
const PAGE = 'src/dashboard/page'
const page = await build({
  absWorkingDir: root,
  entryPoints: { app: `${PAGE}/main.tsx`, 'app-css': `${PAGE}/app.css` },
  outdir: 'dist/dashboard',
  write: false,
  bundle: true,
  format: 'esm',
  platform: 'browser',
  target: ['chrome111', 'firefox113', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
})
for (const file of page.outputFiles) file.path = file.path.replace('app-css.css', 'app.css')
outputFiles.unshift(...page.outputFiles)

mkdirSync(join(dist, 'dashboard'), { recursive: true })
for (const name of ['index.html', 'icon.svg']) copyFileSync(join(root, PAGE, name), join(dist, 'dashboard', name))
const entryLast = outputFiles.sort((a, b) => Number(a.path.endsWith('main.js')) - Number(b.path.endsWith('main.js')))
for (const { path, contents } of entryLast) {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, contents)
  renameSync(temporary, path)
}
const current = new Set(outputFiles.map(({ path }) => basename(path)))
for (const name of readdirSync(dist)) {
  const file = join(dist, name)
  if (name !== 'dashboard' && !current.has(name) && Date.now() - statSync(file).mtimeMs > KEEP_OLD_MS)
    rmSync(file, { force: true })
}
