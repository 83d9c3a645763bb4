// The service behind every measured server: answers a small JSON as fast as Node can. It describes itself as the
// gateway asks.
import http from 'node:http';
import { ready } from './child.mjs';

const answer = Buffer.from(
  JSON.stringify({
    items: Array.from({ length: 5 }, (_, id) => ({ id, name: `thing-${id}`, price_usd: '5.15' })),
    next_cursor: null,
    has_more: false,
  }),
);
const document = Buffer.from(
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'bench', version: '1' },
    paths: {
      '/things': {
        get: {
          operationId: 'list-things',
          'x-lumi-scope': 'domains:read',
          'x-lumi-class': 'regular',
          responses: { 200: { description: 'ok' } },
        },
      },
    },
  }),
);

const server = http.createServer((req, res) => {
  const body = req.url === '/internal/openapi.json' ? document : answer;
  res.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': body.length });
  res.end(body);
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => ready(server));
