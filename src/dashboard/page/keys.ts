/**
 * The page by keyboard: every link and box that has a `data-key` answers to it (1 to 6 the views, `[` and `]` the agents
 * beside, `/` the box to go somewhere). Esc leaves a box, or goes back to the overview.
 */
export function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { target } = event
  if (target instanceof HTMLElement && target.closest('dialog') !== null) return
  const writing = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement
  if (event.key === 'Escape') {
    if (writing) target.blur()
    else location.hash = '#/'
    return
  }
  if (writing) return
  const found = [...document.querySelectorAll<HTMLElement>('[data-key]')].find((one) => one.dataset.key === event.key)
  if (found === undefined) return
  event.preventDefault()
  if (found instanceof HTMLInputElement) found.focus()
  else found.click()
}
