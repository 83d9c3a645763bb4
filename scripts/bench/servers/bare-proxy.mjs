// The lower bound: Node's own server and an undici pool, without checks.
import http from 'node:http';
import { Pool } from 'undici';
import { methodOf, ready, setting } from './child.mjs';

const pool = new Pool(setting('UPSTREAM'), { connections: 128 });
const server = http.createServer(async (req, res) => {
  try {
    const answer = await pool.request({ path: (req.url ?? '/').replace(/^\/api\/v1/, ''), method: methodOf(req) });
    const body = Buffer.from(await answer.body.arrayBuffer());
    res.writeHead(answer.statusCode, { 'content-type': answer.headers['content-type'], 'content-length': body.length });
    res.end(body);
  } catch {
    res.writeHead(502).end();
  }
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => ready(server));
