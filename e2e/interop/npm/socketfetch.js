// fetch over a unix socket. The libraries keep the issuer's https URLs; the socket
// carries plain HTTP/1.1.

import { request as send } from 'node:http'

/**
 * Returns a fetch that sends requests for origin over the socket, and throws for
 * any other: nothing of a test may leave the machine. Each request may take limit
 * milliseconds.
 */
export function fetchOver(socketPath, origin, limit) {
  return async (input, init) => {
    const request = new Request(input, init)
    const url = new URL(request.url)
    if (url.origin !== origin) throw new TypeError(`${url} is not of ${origin}`)
    const options = {
      socketPath,
      method: request.method,
      path: url.pathname + url.search,
      headers: { ...Object.fromEntries(request.headers), host: url.host },
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(limit)]),
    }
    return exchange(options, Buffer.from(await request.arrayBuffer()))
  }
}

async function exchange(options, body) {
  const message = await new Promise((answered, failed) => {
    send(options, answered).once('error', failed).end(body)
  })
  const chunks = await message.toArray({ signal: options.signal })
  const headers = new Headers()
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i], message.rawHeaders[i + 1])
  }
  const content = chunks.length > 0 ? Buffer.concat(chunks) : null
  return new Response(content, { status: message.statusCode, statusText: message.statusMessage, headers })
}
