// A server that stops, over real sockets: nobody who reaches it loses a request.
import { until } from '../../testing/until';
import { get, open, startServer } from './test/raw-sockets';

const server = () => {
  const [first] = open;
  if (first === undefined) throw new Error('no server was started');
  return first.server;
};

describe('a server that leaves', () => {
  it('ends a connection with its next answer, and accepts new ones', async () => {
    const { connect } = await startServer();
    const old = connect();
    old.write(get('/before'));
    await until(() => old.said.endsWith('/before'));
    expect(old.said).toMatch(/^connection: keep-alive\r$/im);
    server().leave();
    old.write(get('/after'));
    await until(() => old.destroyed);
    expect(old.said).toMatch(/^connection: close\r[^]*\/after$/im);
    const fresh = connect();
    fresh.write(get('/fresh'));
    await until(() => fresh.destroyed);
    expect(fresh.said).toMatch(/^connection: close\r[^]*\/fresh$/im);
  });

  it('ends a connection with the answer that it was working on', async () => {
    const { connect, begun, release } = await startServer();
    const socket = connect();
    socket.write(get('/slow'));
    await until(() => begun.length === 1);
    server().leave();
    release();
    await until(() => socket.destroyed);
    expect(socket.said).toMatch(/^connection: close\r[^]*slow$/im);
  });
});

describe('a server that drains', () => {
  it('answers requests whose connections it has not accepted yet', async () => {
    const { connect } = await startServer();
    const sockets = Array.from({ length: 5 }, () => connect()); // made by the system, in the queue of the port
    for (const socket of sockets) socket.write(get('/last'));
    await server().drain(5_000);
    await until(() => sockets.every(({ destroyed }) => destroyed));
    for (const { said } of sockets) expect(said).toMatch(/^connection: close\r[^]*\/last$/im);
  });

  it('finishes what it works on, closes idle connections, and accepts no more', async () => {
    const { connect, begun, release } = await startServer();
    const [working, idle] = [connect(), connect()];
    idle.write(get('/x'));
    await until(() => idle.said.endsWith('/x'));
    working.write(get('/slow'));
    await until(() => begun.includes('/slow'));
    const drained = server().drain(5_000);
    await until(() => idle.destroyed);
    await until(() => !server().server.listening);
    const late = connect();
    await until(() => late.destroyed);
    expect(late.said).toBe('');
    release();
    await drained;
    await until(() => working.destroyed);
    expect(working.said).toMatch(/slow$/);
  });

  it('closes its port within seconds although the process is so busy that no turn of its loop is quick', async () => {
    await startServer();
    let isBusy = true;
    const work = (): void => {
      const untilMs = performance.now() + 10;
      while (performance.now() < untilMs);
      if (isBusy) setImmediate(work);
    };
    work();
    const drained = server().drain(100);
    try {
      await until(() => !server().server.listening, { timeoutMs: 4_000 });
    } finally {
      isBusy = false;
    }
    await drained;
  });

  it('cuts what is not finished within its time', async () => {
    const { connect, begun } = await startServer();
    const socket = connect();
    socket.write(get('/slow'));
    await until(() => begun.length === 1);
    await server().drain(100);
    await until(() => socket.destroyed);
    expect(socket.said).toBe('');
  });
});
