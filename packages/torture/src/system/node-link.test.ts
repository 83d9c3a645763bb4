// A link that sends exchanges once more, at once and late, and loses an answer to one that was taken.
import { once } from 'node:events';
import { Agent, createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../waiting';
import { NodeLink } from './node-link';

const LIMIT_MS = 10_000;

describe('NodeLink', () => {
  const taken: string[] = [];
  let server: Server;
  let link: NodeLink;
  let agent: Agent;

  beforeEach(async () => {
    taken.length = 0;
    server = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => (body += chunk.toString()));
      req.on('end', () => {
        taken.push(body);
        res.end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    link = new NodeLink(() => [(server.address() as AddressInfo).port]);
    await link.listen();
    agent = new Agent({ keepAlive: true, maxSockets: 1 });
  });
  afterEach(async () => {
    agent.destroy();
    await link.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const send = (path: string, body: string): Promise<number | string> =>
    new Promise((resolve) => {
      const asked = request({ agent, method: 'POST', port: link.port, host: '127.0.0.1', path }, (res) => {
        res.resume();
        res.on('end', () => resolve(res.statusCode ?? 0));
      });
      asked.on('error', (err) => resolve((err as NodeJS.ErrnoException).code ?? err.message));
      asked.setHeader('Content-Length', Buffer.byteLength(body));
      asked.end(body);
    });

  it('sends exchanges twice at once, and nothing else', async () => {
    link.isDoubling = true;
    expect(await send('/internal/nodes/n/exchange', 'one')).toBe(200);
    expect(await send('/internal/nodes/n/leave', 'end')).toBe(200);
    expect(await until(() => link.repeats === 1, LIMIT_MS)).toBe(true);
    expect([...taken].sort()).toEqual(['end', 'one', 'one']);
  });

  it('sends the last three once more, whatever their size, the oldest last', async () => {
    const large = 'x'.repeat(300_000);
    for (const body of ['one', 'two', large, 'four']) await send('/internal/nodes/n/exchange', body);
    taken.length = 0;
    await link.repeatOld();
    expect(taken).toEqual(['four', large, 'two']);
    expect(link.repeats).toBe(3);
  });

  it('loses the answer to one exchange, which was taken', async () => {
    link.loseNextAnswer();
    expect(await send('/internal/nodes/n/exchange', 'one')).toBe('ECONNRESET');
    expect(await send('/internal/nodes/n/exchange', 'two')).toBe(200);
    expect(taken).toEqual(['one', 'two']);
    expect(link.lostAnswers).toBe(1);
  });
});
