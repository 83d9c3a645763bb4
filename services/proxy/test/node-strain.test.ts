// Clients and targets that do not read, send too early, or ask without an end: what the node holds for them is bounded.
import { until } from '@lumi/shared/testing';
import { basic, NodeFixture, type RawClient } from './node-fixture';

/** Sends the same again and again, as long as the other side takes it, and at most `max` bytes. */
function repeat(client: RawClient, text: string, max: number): void {
  const part = Buffer.from(text.repeat(500));
  const more = (): void => {
    while (client.socket.bytesWritten < max && !client.socket.destroyed && client.socket.write(part));
  };
  client.socket.on('drain', more);
  more();
}

/** Resolves when a number has stayed the same for half a second. */
async function atRest(count: () => number): Promise<number> {
  let [before, times] = [-1, 0];
  await until(
    () => {
      const now = count();
      times = now === before ? times + 1 : 0;
      before = now;
      return times === 25;
    },
    { timeoutMs: 30_000 },
  );
  return before;
}

describe('a client', () => {
  let node: NodeFixture;
  beforeEach(async () => {
    node = new NodeFixture();
    await node.open();
  });
  afterEach(() => node.close());

  it('that reads no answers is not read further, however many requests it sends', async () => {
    await node.admit();
    const client = node.client();
    client.socket.pause();
    const [request, max] = [`GET http://a.test:25/ HTTP/1.1\r\n${basic()}\r\n`, 300_000];
    repeat(client, request, max * request.length);
    // So many answers are more than the kernel holds.
    expect(await atRest(() => node.events.all.length)).toBeLessThan(max / 2);
  }, 60_000);

  it('without credentials gets a few answers on one connection, and then its end', async () => {
    const client = node.client().send('GET http://a.test/ HTTP/1.1\r\n\r\n'.repeat(50));
    await until(() => client.hasEnded);
    const answers = client.text.split('HTTP/1.1 407 ').length - 1;
    expect(answers).toBe(10);
    expect(client.text.match(/Connection: \S+/g)?.at(-1)).toBe('Connection: close');
  });
});

describe('under a limit of bandwidth', () => {
  it('an answer that ends the connection reaches a slow client to its last byte', async () => {
    const node = new NodeFixture();
    await node.open();
    // Below what gives reads a larger buffer: how much the node takes of an answer is then known to a few KiB.
    await node.admit({ bandwidthBps: 26_000_000 });
    const head = (size: number): string => `HTTP/1.1 200 OK\r\nContent-Length: ${String(size)}\r\n\r\n`;
    const down = (): number => node.meter.uses.at(-1)?.down ?? 0;
    const request = async (size: number): Promise<RawClient> => {
      const port = await node.target((socket) => {
        socket.once('data', () => {
          socket.write(head(size));
          socket.write(Buffer.alloc(size, 1));
        });
      });
      const client = node.client();
      client.socket.pause();
      return client.send(`GET http://127.0.0.1:${String(port)}/ HTTP/1.1\r\nConnection: close\r\n${basic()}\r\n`);
    };
    await request(60_000_000);
    const full = await atRest(down); // with this the kernel has no more room, and the node holds the rest
    let whole = 0;
    // How much that is differs a little from one connection to the next, and more on a busy machine.
    for (const less of [1_000, 3_000, 8_000, 100_000]) {
      const size = full - less;
      const client = await request(size);
      client.keeps = false;
      await until(() => down() > 0);
      if ((await atRest(down)) === size + head(size).length) whole += 1;
      client.socket.resume();
      await client.closed();
      expect([client.count, client.error]).toEqual([size + head(size).length, null]);
    }
    expect(whole).toBeGreaterThan(0);
    await node.close();
  }, 60_000);
});
