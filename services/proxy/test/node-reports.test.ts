// What a node reports of each connection: who, from where, to what, how much, and why not.
import { until } from '@lumi/shared/testing';
import { basic, NodeFixture, PAIR } from './node-fixture';

describe('a connection', () => {
  let node: NodeFixture;
  let port: number;
  beforeEach(async () => {
    node = new NodeFixture();
    await node.open();
    port = await node.target((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok`));
    });
  });
  afterEach(() => node.close());

  const reported = async (count = 1) => {
    await until(() => node.events.connections.length >= count);
    return node.events.connections.map(({ ms, ...rest }) => {
      expect(ms).toBeGreaterThanOrEqual(0);
      return rest;
    });
  };
  const about = { subject: 'prx_one', client: '127.0.0.1', target: '127.0.0.1' };

  it('is reported once when it ends, with its bytes as they are billed', async () => {
    await node.admit();
    const client = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
    await client.take('established\r\n\r\n');
    expect(node.events.connections).toEqual([]);
    client.send('hello');
    await client.take('ok');
    client.socket.end();
    const [use] = node.meter.uses;
    const [one] = await reported();
    expect(one).toEqual({ ...about, protocol: 'http', exit: '127.64.0.5', up: 5, down: use?.down, refusal: null });
    expect(use?.down).toBeGreaterThan(50);
    expect(await reported()).toHaveLength(1);
  });

  it('of plain HTTP is reported for each request', async () => {
    await node.admit();
    const url = `http://127.0.0.1:${String(port)}/`;
    for (let n = 1; n <= 2; n += 1) {
      const client = node.client().send(`GET ${url} HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
      await client.take('ok');
      const all = await reported(n);
      expect(all).toHaveLength(n);
      expect(all.at(-1)).toMatchObject({ ...about, protocol: 'http', refusal: null });
    }
    expect(node.meter.total('prx_one')).toBe(node.events.connections.reduce((sum, { up, down }) => sum + up + down, 0));
  });

  it('that is refused has the word that its client sees', async () => {
    await node.admit();
    const tries: [request: string, word: string, target: string | null][] = [
      ['10.0.0.1:80', 'target', '10.0.0.1'],
      ['8.8.8.8:25', 'port', '8.8.8.8'],
      ['127.0.0.1:1', 'target', '127.0.0.1'],
    ];
    for (const [place, word] of tries) {
      const client = node.client().send(`CONNECT ${place} HTTP/1.1\r\n${basic()}\r\n`);
      expect(await client.take('\r\n\r\n')).toContain(`details="${word}"`);
    }
    expect((await reported(3)).map(({ refusal, target, up, down }) => [refusal, target, up, down])).toEqual(
      tries.map(([, word, target]) => [word, target, 0, 0]),
    );
  });

  it('whose target refuses it, or whose right ends, says so', async () => {
    await node.admit();
    const closed = await node.freePort();
    const refused = node.client().send(`CONNECT 127.0.0.1:${String(closed)} HTTP/1.1\r\n${basic()}\r\n`);
    expect(await refused.take('\r\n\r\n')).toContain('details="refused"');
    const open = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
    await open.take('established\r\n\r\n');
    await node.admit({ suspendedFor: 'abuse' });
    expect((await reported(2)).map(({ refusal, exit }) => [refusal, exit])).toEqual([
      ['refused', '127.64.0.5'],
      ['suspended', '127.64.0.5'],
    ]);
  });

  it('with a wrong password of a known name is reported, one of a name that nobody has is not', async () => {
    await node.admit();
    for (const pair of [
      ['nobody', 'x'],
      [PAIR[0], 'wrong'],
      [`${PAIR[0]}-planet-mars`, PAIR[1]],
    ] as const) {
      const client = node.client().send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n${basic(pair)}\r\n`);
      expect(await client.take('\r\n\r\n')).toContain('details="credentials"');
    }
    const wrong = { subject: 'prx_one', client: '127.0.0.1', protocol: 'http', target: null, exit: null };
    expect(await reported(2)).toEqual([
      { ...wrong, up: 0, down: 0, refusal: 'credentials' },
      { ...wrong, up: 0, down: 0, refusal: 'credentials' },
    ]);
  });
});
