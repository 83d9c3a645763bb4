// Random and mutated handshakes, and answers of targets: the node ends every connection, and nothing stays behind.
// LUMI_FUZZ_HANDSHAKES sets how many; `npx jest --seed=… path` repeats a run.
import { connect, type Socket } from 'node:net';
import { elapsedMs } from '@lumi/shared/runtime';
import { until } from '@lumi/shared/testing';
import { basic, NodeFixture, PAIR, socksConnect, socksHello } from './node-fixture';

const COUNT = Number(process.env['LUMI_FUZZ_HANDSHAKES'] ?? 3_000);
const AT_ONCE = 50;
/** The node's own limit is 15 s. */
const END_MS = 17_000;

type Random = (below: number) => number;

/** Mulberry32. */
function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const SNIPPETS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  ':',
  '\r\n\r\n',
  'Content-Length: 5\r\n',
  'Transfer-Encoding: chunked\r\n',
]
  .concat(['0\r\n\r\n', 'ffffffffffffffff\r\n', 'Connection: close\r\n', '\x05\x01\x00', 'Via: 1\r\n', 'HTTP/1.1'])
  .map((text) => Buffer.from(text, 'latin1'));

function mutated(bytes: Buffer, random: Random): Buffer {
  let now = Buffer.from(bytes);
  for (let i = random(4); i >= 0; i -= 1) {
    const at = random(now.length + 1);
    const to = Math.min(now.length, at + random(20));
    const kind = random(6);
    if (kind === 0 && now.length > 0) now[at % now.length] = random(256);
    else if (kind === 1) now = Buffer.concat([now.subarray(0, at), now.subarray(to)]);
    else if (kind === 2) now = Buffer.concat([now.subarray(0, to), now.subarray(at)]);
    else if (kind === 3) now = now.subarray(0, at);
    else now = Buffer.concat([now.subarray(0, at), SNIPPETS[random(SNIPPETS.length)] ?? now, now.subarray(at)]);
  }
  return now;
}

function noise(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random(400) }, () => random(256)));
}

describe('the node', () => {
  const random = randomOf(jest.getSeed());
  let node: NodeFixture;
  let own: number;
  let target: number;
  const answers = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nhello',
  ].map((text) => Buffer.from(text));

  beforeAll(async () => {
    node = new NodeFixture({ idleMs: 300, halfClosedMs: 200 });
    await node.open();
    own = await node.freePort();
    // Its port lets every pair in, so that handshakes come far.
    await node.admit({ port: own, blocks: [{ block: '127.0.0.0/8', untilMs: null }], concurrency: 10_000 });
    target = await node.target((socket) => {
      socket.once('data', () => {
        const answer = answers[random(answers.length)] ?? Buffer.alloc(0);
        socket.write(random(2) === 0 ? answer : random(2) === 0 ? mutated(answer, random) : noise(random));
        if (random(3) === 0) socket.end();
        if (random(20) === 0) socket.resetAndDestroy();
      });
    });
  });
  afterAll(() => node.close());

  function handshake(): Buffer {
    const place = `127.0.0.1:${String(target)}`;
    const head = `http://${place}/ HTTP/1.1\r\nHost: a\r\n${basic()}`;
    const valid = [
      `GET ${head}\r\n`,
      `GET ${head}\r\nGET ${head}\r\n`,
      `POST ${head}Content-Length: 5\r\n\r\nhello`,
      `POST ${head}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: 1\r\n\r\n`,
      `CONNECT ${place} HTTP/1.1\r\n${basic()}\r\nhello`,
      Buffer.concat([socksHello(), socksConnect('127.0.0.1', target), Buffer.from('hello')]),
      Buffer.concat([socksHello([`${PAIR[0]}-country-xa-session-1`, PAIR[1]]), socksConnect('127.0.0.1', target)]),
      'PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n',
      noise(random),
    ];
    const chosen = valid[random(valid.length)] ?? '';
    const bytes = typeof chosen === 'string' ? Buffer.from(chosen, 'latin1') : chosen;
    return random(10) === 0 ? bytes : mutated(bytes, random);
  }

  function play(bytes: Buffer): Promise<number> {
    return new Promise((resolve) => {
      const socket: Socket = connect(random(5) === 0 ? node.plane.ports.http : own, '127.0.0.1');
      const startedMs = elapsedMs();
      const cut = random(bytes.length + 1);
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(elapsedMs() - startedMs));
      socket.resume();
      socket.write(bytes.subarray(0, cut), () => {
        if (random(30) === 0) socket.resetAndDestroy();
        else if (random(3) === 0) socket.end(bytes.subarray(cut));
        else socket.write(bytes.subarray(cut), () => setTimeout(() => socket.end(), random(20)));
      });
    });
  }

  it(
    `ends each of ${String(COUNT)} random and mutated handshakes, and nothing stays behind`,
    async () => {
      let left = COUNT;
      let longestMs = 0;
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          while (left > 0) {
            left -= 1;
            longestMs = Math.max(longestMs, await play(handshake()));
          }
        }),
      );
      expect(longestMs).toBeLessThan(END_MS);
      await until(() => node.plane.state.connections === 0 && node.plane.state.passages === 0, { timeoutMs: END_MS });
      expect(node.plane.state.unknown).toBe(0);
      expect(node.meter.uses.filter(({ isError }) => isError === null)).toEqual([]);
      // Many of them were good enough to reach the target.
      expect(node.meter.uses.filter(({ isError }) => isError === false).length).toBeGreaterThan(COUNT / 50);
      const client = node.client(own).send(`GET http://echo.lumi.test/ HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(await client.take('\r\n')).toContain('200');
    },
    60_000 + COUNT * 10,
  );
});
