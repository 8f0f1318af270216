/**
 * The two shell scripts put into an agent's folder: the hook guard, which costs about 1 ms and starts Node only when
 * there is something to say, and the `gt` wrapper, so that `gt` inside an agent is this very installation.
 *
 * Both are POSIX sh (dash). Neither reads the ledger.
 */

import { FAILURE_STANDS } from './beat.ts'

/** A word for a POSIX shell that stands for exactly `text`: the one place where a path of ours enters shell text. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/**
 * `<folder>/bin/gt`. Extra CA certificates cost every Node start about 100 ms, and `gt` itself speaks no TLS; the value
 * is kept under another name, so that agents which `gt` starts get it back (environment.ts).
 */
export function wrapperText(node: string, gtBin: string): string {
  return `#!/bin/sh
if [ -n "\${NODE_EXTRA_CA_CERTS-}" ]; then
  export GT_NODE_EXTRA_CA_CERTS="$NODE_EXTRA_CA_CERTS"
  unset NODE_EXTRA_CA_CERTS
fi
exec ${shellQuote(node)} ${shellQuote(gtBin)} "$@"
`
}

/**
 * `<folder>/hook.sh EVENT`, called by Claude Code with the event's JSON on stdin.
 *
 * Files in `folder`: `beat` (first line: the last event; its mtime: when), `failure.json` (stdin of the last StopFailure,
 * gone once the agent goes on), `status.json` (stdin of the last status line), `inbox/` (any visible entry there starts
 * `gt hook-deliver EVENT`, whose stdout reaches the model).
 *
 * `StatusLine` is no hook but the command of the status line, called by the same way: no sign of life, so no beat.
 *
 * It always exits 0: to Claude Code exit 2 means "block", and `gt` uses 2 for something else. Without `attended`, a
 * permission dialog is refused with a reason instead of waiting for a person who is not there.
 */
export function guardText(input: { folder: string; attended: boolean }): string {
  const refusal = JSON.stringify({
    hookSpecificOutput: {
      hookEventName: 'PermissionRequest',
      decision: {
        behavior: 'deny',
        message:
          'Nobody is watching this worker, and its permission mode does not allow this. Find another way, or tell a person what you need: gt ask "…"',
      },
    },
  })
  return `#!/bin/sh
d=${shellQuote(input.folder)}
e=$1
[ -d "$d" ] || exit 0
if [ "$e" = StatusLine ]; then
  { cat > "$d/status.$$" && mv -f "$d/status.$$" "$d/status.json"; } 2>/dev/null
  printf '%s %s\\n' "\${GT_BEAD-}" "\${GT_AGENT-}"
  exit 0
fi
${input.attended ? '' : '[ "$e" = PermissionRequest ] && e=PermissionRefused\n'}{ printf '%s\\n' "$e" > "$d/beat"; } 2>/dev/null
case $e in
${FAILURE_STANDS.join(' | ')}) ;;
*) [ -e "$d/failure.json" ] && rm -f "$d/failure.json" 2>/dev/null ;;
esac
case $e in
SessionStart)
  "$d/bin/gt" prime --hook
  exit 0 ;;
StopFailure)
  cat > "$d/failure.$$" && mv -f "$d/failure.$$" "$d/failure.json"
  exit 0 ;;
PermissionRefused)
  printf '%s\\n' ${shellQuote(refusal)}
  exit 0 ;;
UserPromptSubmit | PostToolUse | Stop) ;;
*) exit 0 ;;
esac
for f in "$d"/inbox/*; do
  if [ -e "$f" ]; then
    "$d/bin/gt" hook-deliver "$e"
    break
  fi
done
exit 0
`
}
