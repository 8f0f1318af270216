declare const __GT_VERSION__: string
if (process.argv[2] === '--version') process.stdout.write(`${__GT_VERSION__}\n`)
