// PgBouncer lives when PostgreSQL does not, and says so in its own words: callers get a 503, as without it.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { toAppError } from '../http';
import { silentLog } from '../../ground/runtime';
import { openDatabase, sql, type Database } from './database';

/** PgBouncer's words, and their SQLSTATE. */
const WORDS = [
  'server login has been failing, try again later (server_login_retry)',
  'query_wait_timeout',
  'server conn crashed?',
];

let pooler: Server;
let db: Database;
let words = '';
const sockets = new Set<Socket>();

beforeAll(async () => {
  pooler = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(fatal(words)));
  });
  await new Promise<void>((resolve) => pooler.listen(0, '127.0.0.1', resolve));
  const { port } = pooler.address() as AddressInfo;
  const url = `postgresql://lumi_domains:secret@127.0.0.1:${String(port)}/lumi`;
  db = openDatabase({ url, connections: 2, log: silentLog, name: 'pooler-away' });
});
afterAll(async () => {
  await db.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => pooler.close(resolve));
});

/** An ErrorResponse. */
function fatal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

it.each(WORDS)('answers 503 when the pooler says: %s', async (said) => {
  words = said;
  const asked = [
    db.direct.$queryRaw(sql`SELECT 1 AS one`),
    db.platform.$queryRaw(sql`SELECT 1 AS one`),
    db.platform.order.findFirst(),
  ];
  for (const one of asked) {
    const err: unknown = await Promise.resolve(one).then(
      () => null,
      (cause: unknown) => cause,
    );
    expect(toAppError(err)).toMatchObject({ code: 'service_unavailable', retryAfterS: 5 });
  }
});

it('answers 503 when the name of the database is gone, as while its container is replaced', async () => {
  const gone = openDatabase({
    url: 'postgresql://lumi_domains:secret@no-such-host.invalid:5432/lumi',
    connections: 1,
    log: silentLog,
    name: 'name-gone',
  });
  try {
    for (const asked of [gone.direct.$queryRaw(sql`SELECT 1 AS one`), gone.platform.order.findFirst()]) {
      const err: unknown = await Promise.resolve(asked).then(
        () => null,
        (cause: unknown) => cause,
      );
      expect(toAppError(err)).toMatchObject({ code: 'service_unavailable', retryAfterS: 5 });
    }
  } finally {
    await gone.close();
  }
});
