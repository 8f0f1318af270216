/** Where in the page one is: kept in the address behind `#`, so that back, reload and bookmarks work. */

export const VIEWS = ['overview', 'agents', 'queue', 'convoys', 'costs', 'events'] as const
export type View = (typeof VIEWS)[number]

export type Route = { at: View } | { at: 'agent' | 'why'; id: string }

export const hrefOf = (route: Route): string =>
  'id' in route ? `#/${route.at}/${encodeURIComponent(route.id)}` : route.at === 'overview' ? '#/' : `#/${route.at}`

/** What an address means; the overview for one that means nothing. */
export function routeOf(hash: string): Route {
  const [at = '', id = ''] = hash.replace(/^#\/?/, '').split('/')
  if ((at === 'agent' || at === 'why') && id !== '') return { at, id: decoded(id) }
  const view = VIEWS.find((one) => one === at)
  return { at: view ?? 'overview' }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
