/** Which repository on a forge a git remote is. */

const HOST = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/
const OWNER = /^[A-Za-z0-9][A-Za-z0-9_-]*$/
const NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]+$/

/**
 * From a git URL (https://host/owner/name.git, ssh://git@host/owner/name, git@host:owner/name.git) to what `gh --repo`
 * takes: `owner/name` on github.com, else `host/owner/name`. Null for local paths and for whatever else is no such URL:
 * other schemes, paths deeper than two, a web port of its own (gh has no word for one), a host without a dot (mostly an
 * alias of somebody's ssh settings, which gh does not read).
 */
export function forgeRepo(remote: string): string | null {
  const scp = /^[\w.-]+@([^:/@\s]+):(?!\/)(\S+)$/.exec(remote)
  if (scp !== null) return named(scp[1]!, scp[2]!)
  if (!/^(?:https|ssh):\/\//i.test(remote) || !URL.canParse(remote)) return null
  const url = new URL(remote)
  if (url.search !== '' || url.hash !== '') return null
  // A port of ssh says nothing about where the web is; a port of https does.
  if (url.protocol === 'https:' && url.port !== '') return null
  return named(url.hostname, url.pathname.slice(1))
}

function named(written: string, path: string): string | null {
  // GitHub's way through firewalls that close port 22.
  const host = written.toLowerCase().replace(/^(?:www|ssh)\.(?=github\.com$)/, '')
  const [owner = '', name = '', ...more] = path
    .replace(/\/$/, '')
    .replace(/\.git$/, '')
    .split('/')
  if (!HOST.test(host) || !OWNER.test(owner) || !NAME.test(name) || more.length > 0) return null
  return host === 'github.com' ? `${owner}/${name}` : `${host}/${owner}/${name}`
}
