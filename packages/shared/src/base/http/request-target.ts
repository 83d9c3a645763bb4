// `GET http://host/path`, the form for proxies, which clients may send to us too: the same as `GET /path`, and its host
// counts instead of `Host` (RFC 9112 §3.2.2). It is rewritten in the request before any other code, Express included,
// reads it, so that all read the same.
import type { IncomingMessage } from 'node:http';
import { isHost } from './host-name';

const ABSOLUTE_SHAPE = /^https?:\/\/([^/?#]+)(.*)$/is;
/** No target contains a fragment: the guard refuses it. */
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
  // A missing or invalid `Host` stays for the guard to refuse.
  if (headers.host !== undefined && isHost(headers.host)) headers.host = host;
}
