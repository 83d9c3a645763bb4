// The bounds on the connections of one peer and of all, over real sockets.
import { until } from '../../testing/until';
import { connectionsOf, get, open, startServer } from './test/raw-sockets';

describe('a peer that reads nothing', () => {
  it('is dropped after a while; one that reads slowly is not', async () => {
    const { connect } = await startServer({ readsNothingMs: 1_500 });
    const [stuck, slow] = [connect(), connect()];
    const closed: string[] = [];
    stuck.on('close', () => closed.push('stuck'));
    slow.on('close', () => closed.push('slow'));
    for (const socket of [stuck, slow]) {
      socket.pause();
      socket.write(get('/large'));
    }
    const sip = setInterval(() => slow.resume() && setImmediate(() => slow.pause()), 200).unref();
    const [server] = open;
    await until(async () => (await connectionsOf(server?.server)) === 1, { timeoutMs: 15_000 });
    clearInterval(sip);
    slow.resume();
    await until(() => slow.said.length > 6_000_000, { timeoutMs: 15_000 });
    expect(closed).not.toContain('slow');
  });
});

describe('peers that leave too much unread', () => {
  it('are dropped, the fullest first, until all together leave 64 MiB at most', async () => {
    const { connect } = await startServer();
    const modest = connect();
    modest.pause();
    modest.write(get('/large'));
    const greedy = Array.from({ length: 6 }, () => connect());
    for (const socket of greedy) {
      socket.pause();
      socket.write(get('/huge'));
    }
    const [server] = open;
    await until(async () => (await connectionsOf(server?.server)) === 7);
    await until(async () => (await connectionsOf(server?.server)) < 5, { timeoutMs: 15_000 });
    expect(await connectionsOf(server?.server)).toBeGreaterThanOrEqual(3); // two of 24 MB fit, and the modest one
    modest.resume();
    await until(() => modest.said.length > 6_000_000, { timeoutMs: 15_000 });
  });
});

describe('too many connections', () => {
  it('of one address replace its own longest-waiting one, not one in work or of another address', async () => {
    const { connect, begun, release } = await startServer({ perPeerMax: 4, peerOf: (address) => address });
    const working = connect();
    working.write(get('/slow'));
    const other = connect('127.0.0.2');
    await until(() => begun.length === 1);
    const idle = [connect(), connect(), connect()];
    const [first, second, third] = idle;
    for (const socket of idle) {
      socket.write(get('/x'));
      await until(() => socket.said.endsWith('/x'));
    }
    first?.write(get('/again')); // the one that waits longest is now the second
    await until(() => first?.said.endsWith('/again'));
    const fresh = connect();
    fresh.write(get('/fresh'));
    await until(() => fresh.said.endsWith('/fresh'));
    await until(() => second?.destroyed === true);
    expect([working, first, third, other].map((socket) => socket?.destroyed)).toEqual([false, false, false, false]);
    release();
    await until(() => working.said.endsWith('slow'));
  });

  it('of one address, all in work, are refused for that address only', async () => {
    const { connect, begun } = await startServer({ perPeerMax: 2, peerOf: (address) => address });
    for (let i = 0; i < 2; i += 1) connect().write(get('/slow'));
    await until(() => begun.length === 2);
    const third = connect();
    await until(() => third.destroyed);
    const other = connect('127.0.0.2');
    other.write(get('/x'));
    await until(() => other.said.endsWith('/x'));
  });

  it('of all addresses replace those that never sent a request', async () => {
    const { connect } = await startServer({ connectionsMax: 20 });
    const customer = connect();
    customer.write(get('/x'));
    await until(() => customer.said.endsWith('/x'));
    const idle = Array.from({ length: 60 }, () => connect());
    await until(() => idle.filter((socket) => socket.destroyed).length >= 40);
    const late = connect();
    late.write(get('/late'));
    await until(() => late.said.endsWith('/late'));
    expect(customer.destroyed).toBe(false);
  });
});
