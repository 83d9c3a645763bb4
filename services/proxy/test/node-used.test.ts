// Who was used, and by which entry of an allow-list: what `last_used_at` is made of.
import { until } from '@lumi/shared/testing';
import { NodeFixture } from './node-fixture';

const PART = Buffer.alloc(65_536, 1);

describe('a long tunnel', () => {
  const node = new NodeFixture();
  beforeAll(() => node.open());
  afterAll(() => node.close());

  it('is reported as used again after 20 s in which it carried bytes, with the entry that let it in', async () => {
    const real = performance.now.bind(performance);
    let aheadMs = 0;
    const now = jest.spyOn(performance, 'now').mockImplementation(() => real() + aheadMs);
    try {
      const port = await node.target((socket) => {
        const more = (): void => {
          while (!socket.destroyed && socket.write(PART));
        };
        socket.on('drain', more);
        more();
      });
      const own = await node.freePort();
      await node.admit({ port: own, logins: [], blocks: [{ block: '127.0.0.0/8', untilMs: null }] });
      const client = node.client(own).send(`CONNECT 127.0.0.1:${String(port)} HTTP/1.1\r\n\r\n`);
      client.keeps = false;
      await until(() => client.count > 1_000_000);
      const seen = (): number => node.events.of('seen').length;
      expect(node.events.of('seen')).toEqual([['seen', 'prx_one', '127.0.0.0/8']]);
      aheadMs = 21_000;
      await until(() => seen() === 2);
      aheadMs = 42_000;
      await until(() => seen() === 3);
      expect(new Set(node.events.of('seen').map((one) => one.join()))).toEqual(new Set(['seen,prx_one,127.0.0.0/8']));
    } finally {
      now.mockRestore();
    }
  });
});
