// How connections end while bytes are still on their way: orderly ends lose nothing, ended rights and used-up quotas
// leave nothing behind.
import { connect, Socket } from 'node:net';
import type { Resolver } from '@lumi/shared/egress';
import { until } from '@lumi/shared/testing';
import type { Client } from '../src/node/client';
import { Echo, ECHO_HOST } from '../src/node/echo';
import { basic, NodeFixture, PAIR, type RawClient } from './node-fixture';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n'.length;
type Answer = Awaited<ReturnType<Resolver['addresses']>>;

const OTHER = ['other_one', 'other-word'] as const;

describe('a tunnel', () => {
  let node: NodeFixture;
  let targets: Socket[];
  /** Writes of the node that its kernel does not take. */
  let stuck: (() => void)[];
  let isStuck: boolean;
  let full: number[];
  const write = Socket.prototype._write;
  beforeEach(async () => {
    [targets, stuck, isStuck, full] = [[], [], true, []];
    jest.spyOn(Socket.prototype, '_write').mockImplementation(function (this: Socket, bytes, encoding, taken) {
      const go = (): void => write.call(this, bytes, encoding, taken);
      if (isStuck && full.includes(this.remotePort ?? 0)) stuck.push(go);
      else go();
    });
    node = new NodeFixture();
    await node.open();
    await node.admit();
  });
  afterEach(async () => {
    jest.restoreAllMocks();
    await node.close();
  });

  /** `side`: whose kernel takes nothing more after the tunnel is open. */
  async function tunnel(side: 'client' | 'target', pair: readonly [string, string] = PAIR): Promise<RawClient> {
    const port = await node.target((socket) => {
      targets.push(socket);
      socket.resume();
    });
    const client = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic(pair)}\r\n`);
    await client.take('established\r\n\r\n');
    full.push(side === 'target' ? port : (client.socket.localPort ?? 0));
    return client;
  }

  const both = (): number => node.meter.total('prx_one') + node.meter.total('prx_other');

  it('brings a slow target all that the client sent before an orderly end of both', async () => {
    const client = await tunnel('target');
    let received = 0;
    targets[0]?.on('data', (bytes) => (received += bytes.length));
    client.socket.end(Buffer.alloc(5_000));
    await until(() => both() === 5_000);
    targets[0]?.end();
    await until(() => client.isClosed && node.plane.state.connections === 0);
    expect(node.plane.state.passages).toBe(1);
    isStuck = false;
    for (const go of stuck) go();
    await until(() => targets[0]?.destroyed === true && node.plane.state.passages === 0);
    expect(received).toBe(5_000);
    expect(node.meter.uses[0]?.isError).toBe(false);
  });

  it('takes the rest from a slow client when its right ends, also after both have ended', async () => {
    const client = await tunnel('client');
    targets[0]?.end(Buffer.alloc(5_000));
    await until(() => both() === 5_000);
    client.socket.end();
    await until(() => targets[0]?.destroyed === true);
    expect(node.plane.state.connections).toBe(1);
    await node.admit({ suspendedFor: 'abuse' });
    await until(() => node.plane.state.connections === 0, { timeoutMs: 5_000 });
    await client.closed();
    expect([client.count, client.error]).toEqual([ESTABLISHED, 'ECONNRESET']);
    expect(node.meter.uses[0]?.isError).toBe(true);
  });

  it('whose quota is used up is gone within 15 s, though neither side reads', async () => {
    await node.admit({ subject: 'prx_other', pair: OTHER });
    for (const subject of ['prx_one', 'prx_other']) node.meter.fill(subject, 1_000);
    await tunnel('client');
    targets[0]?.write(Buffer.alloc(5_000));
    (await tunnel('target', OTHER)).send(Buffer.alloc(5_000));
    await until(() => both() === 2_000);
    const { plane } = node;
    const isOver = (): boolean => plane.state.connections + plane.state.passages === 0;
    await until(() => isOver() && targets.every(({ destroyed }) => destroyed), { timeoutMs: 18_000 });
  }, 30_000);

  it('opens for a client that sends all it has, and its end, before there is an answer', async () => {
    const port = await node.target((socket) => {
      let text = '';
      socket.on('data', (bytes) => (text += bytes.toString()));
      socket.on('end', () => socket.end(`got ${text}`));
    });
    const socket = connect({ port: node.plane.ports.http, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    socket.on('data', (bytes) => (text += bytes.toString()));
    socket.end(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\nquestion`);
    await until(() => text.endsWith('got question'));
    socket.destroy();
  });
});

it('a tunnel to a name opens for a client that has ended its side while the name was looked up', async () => {
  const find = (): Promise<Answer> => hasEnded().then(() => ({ addresses: ['127.0.0.1'] }));
  const node = new NodeFixture({}, { resolver: { addresses: find } });
  const { clients } = node.plane as unknown as { clients: ReadonlySet<Client> };
  const hasEnded = (): Promise<unknown> => until(() => [...clients].every((client) => client.hasEnded));
  await node.open();
  await node.admit();
  let isOver = false;
  const port = await node.target((socket) => void socket.resume().on('end', () => (isOver = true)));
  node.client().socket.end(`CONNECT name.example:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
  await until(() => isOver);
  await node.close();
});

describe('a target with several addresses', () => {
  const ask = async (addresses: readonly string[], listensAt: string): Promise<string> => {
    const node = new NodeFixture(
      {},
      {
        allow: '127.0.0.0/8:1024-65535',
        resolver: { addresses: () => Promise.resolve({ addresses: [...addresses], ttlS: 0 }) },
      },
    );
    await node.open();
    await node.admit();
    const port = await node.target((socket) => socket.write('hello'), listensAt);
    const client = node.client().send(`CONNECT name.example:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
    const answer = await client.take('\r\n\r\n');
    const text = answer.includes(' 200 ') ? await client.take('hello') : (/details="(\w+)"/.exec(answer)?.[1] ?? '');
    await node.close();
    expect(node.meter.uses).toHaveLength(1);
    return text;
  };

  it('is reached at the next one when one refuses, at most at three', async () => {
    expect(await ask(['127.0.1.1', '127.0.1.2', '127.0.1.3'], '127.0.1.3')).toBe('hello');
    expect(await ask(['127.0.1.1', '127.0.1.2', '127.0.1.3', '127.0.1.4'], '127.0.1.4')).toBe('refused');
  });
});

describe('a failure of the meter', () => {
  it('ends the connection, leaves no passage behind, and the node goes on', async () => {
    const node = new NodeFixture();
    await node.open();
    await node.admit({ concurrency: 1 });
    const port = await node.target((socket) => socket.write('hello'));
    const request = `CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`;
    for (const name of ['use', 'spend', 'isDry'] as const) {
      const broken = jest.spyOn(node.meter, name).mockImplementation(() => {
        throw new Error('the meter is broken');
      });
      const client = node.client().send(request);
      await client.closed();
      await until(() => node.plane.state.passages === 0);
      broken.mockRestore();
    }
    const client = node.client().send(request);
    await client.take('hello');
    await node.close();
  });
});

describe('the echo', () => {
  it('is reached where it listens only', async () => {
    const echo = new Echo({ 4: '127.0.0.1', 6: '192.0.2.1' }); // no address of this machine
    await echo.open();
    const [http, other] = [
      { host: ECHO_HOST, port: 80, isAddress: false },
      { host: ECHO_HOST, port: 81, isAddress: false },
    ];
    expect(echo.placeOf(http, 4)).toMatchObject({ address: '127.0.0.1' });
    expect([echo.placeOf(http, 6), echo.placeOf(other, 4), echo.placeOf(other, 6)]).toEqual([
      'family',
      'target',
      'target',
    ]);
    await echo.close();
  });
});
