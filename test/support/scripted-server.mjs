/** What the scripted models share: gates, which hold a step until a test opens them, and a server on loopback. */
import { createServer } from 'node:http'

/** Gates by name; each stays open once it was opened. */
export function makeGates() {
  const gates = new Map()
  const gate = (name) => {
    if (!gates.has(name)) {
      let open
      const opened = new Promise((resolve) => {
        open = resolve
      })
      gates.set(name, { opened, open })
    }
    return gates.get(name)
  }
  return {
    opened: (name) => gate(name).opened,
    open: (name) => gate(name).open(),
    openAll: () => {
      for (const { open } of gates.values()) open()
    },
  }
}

/** Listens on 127.0.0.1. What `answer` throws before its first byte is told by `failed(response, text)`. */
export async function listenOn(port, answer, failed) {
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      if (response.headersSent) response.destroy()
      else failed(response, String(error?.stack ?? error))
    })
  })
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
