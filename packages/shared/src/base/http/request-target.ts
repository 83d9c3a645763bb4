// `GET http://host/path`, which clients send to proxies and may send to us: the same as `GET /path`, and its host
// counts instead of that in `Host` (RFC 9112 §3.2.2). Written back into the request before anything reads it, Express
// included, so that nobody reads it another way.
import type { IncomingMessage } from 'node:http';
import { isHost } from './host-name';

const ABSOLUTE_SHAPE = /^https?:\/\/([^/?#]+)(.*)$/is;
/** A fragment belongs to no target: the guard refuses it. */
const REFUSED = '/#';

export function readTarget(req: IncomingMessage): void {
  const { url = '', headers } = req;
  if (url.startsWith('/')) return;
  const [, host = '', rest = ''] = ABSOLUTE_SHAPE.exec(url) ?? [];
  if (host === '' || host.startsWith(':') || !isHost(host)) {
    req.url = REFUSED;
    return;
  }
  req.url = rest.startsWith('/') ? rest : `/${rest}`;
  // A `Host` that is missing or none stays for the guard to refuse.
  if (headers.host !== undefined && isHost(headers.host)) headers.host = host;
}
