// Clients that try to slow all others down, each shape in a process of its own, so that all of it ends at once. They
// use raw sockets and bytes made beforehand: their own cost must be small, or the test would measure it.
import net from 'node:net';

/** The address of one attacker, of a few hundred, and of as many as there are connections. */
const ALONE = () => '127.0.0.3';
const FEW = (i) => `127.1.0.${1 + (i % 200)}`;
const MANY = (i) => `127.2.${Math.floor(i / 250) % 250}.${1 + (i % 250)}`;

const AGAIN_MS = 250;
const told = { connections: 0, requests: 0, bytes: 0, answers: {} };
let port = 0;

function connect(i, addressOf, { reads = true, onOpen, onClose }) {
  const socket = net.connect({
    port,
    host: '127.0.0.1',
    localAddress: addressOf(i),
    highWaterMark: reads ? 65_536 : 1,
  });
  socket.on('error', () => undefined);
  socket.on('connect', () => {
    told.connections += 1;
    onOpen?.(socket);
  });
  if (reads) socket.on('data', (chunk) => note(chunk));
  else socket.pause();
  socket.on('close', () => onClose?.());
  return socket;
}

function note(chunk) {
  const status = /HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1', 0, 16))?.[1];
  if (status !== undefined) told.answers[status] = (told.answers[status] ?? 0) + 1;
}

function send(socket, bytes, requests = 1) {
  socket.write(bytes);
  told.requests += requests;
  told.bytes += bytes.length;
}

/** Holds this many connections; one that was closed is opened again. */
function hold(count, addressOf, { everyMs = 0, ...options }) {
  const open = (i) => connect(i, addressOf, { ...options, onClose: () => setTimeout(open, AGAIN_MS, i) });
  if (everyMs === 0) for (let i = 0; i < count; i += 1) open(i);
  else paced(count, everyMs, open);
}

/** Runs `work(i)` this many times, in small portions. */
function paced(count, everyMs, work) {
  let i = 0;
  const portion = Math.max(1, Math.ceil(20 / everyMs));
  const timer = setInterval(
    () => {
      for (let n = 0; n < portion && i < count; n += 1) work(i++);
      if (i >= count) clearInterval(timer);
    },
    Math.max(20, everyMs),
  );
}

/** One connection after the other, without end. */
function keepComing(perSecond, addressOf, onOpen) {
  paced(Number.MAX_SAFE_INTEGER, 1_000 / perSecond, (i) => connect(i, addressOf, { onOpen }));
}

/** Sends a piece to each, over and over. */
function drip(sockets, everyMs, pieceOf) {
  setInterval(() => {
    for (const [socket, state] of sockets) {
      if (socket.destroyed) sockets.delete(socket);
      else send(socket, pieceOf(state), 0);
    }
  }, everyMs);
}

const get = (path, key) =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nHost: a\r\n${key === undefined ? '' : `Authorization: Bearer ${key}\r\n`}\r\n`);
const headOf = (path, key, length, more = '') =>
  Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer ` +
      `${key}\r\n${length === null ? 'Transfer-Encoding: chunked' : `Content-Length: ${length}`}\r\n${more}\r\n`,
  );
const chunked = (bytes, size) => {
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size)
    pieces.push(
      Buffer.from(`${Math.min(size, bytes.length - at).toString(16)}\r\n`),
      bytes.subarray(at, at + size),
      Buffer.from('\r\n'),
    );
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
};

/** Sends the same POST on this many connections at once, and again on each when it is answered. */
function flood(count, { path, key, bodyOf, more = () => '' }) {
  const ask = (socket, i) => {
    const body = bodyOf(i);
    socket.write(headOf(path, key, body.length, more(i)));
    send(socket, body);
  };
  for (let i = 0; i < count; i += 1) {
    const open = () =>
      connect(i, FEW, {
        onOpen: (socket) => {
          ask(socket, i);
          socket.on('data', () => setTimeout(() => socket.destroyed || ask(socket, i), AGAIN_MS));
        },
        onClose: () => setTimeout(open, AGAIN_MS),
      });
    open();
  }
}

const items = (count, itemOf) =>
  Buffer.from(JSON.stringify({ items: Array.from({ length: count }, (_, i) => itemOf(i)) }));
const MANY_NAMES = Buffer.from(`{${Array.from({ length: 90_000 }, (_, i) => `"n${i}":1`).join(',')}}`);
let serial = 0;

const SHAPES = {
  'pipelined requests, never read': () =>
    hold(40, ALONE, {
      reads: false,
      onOpen: (socket) => send(socket, Buffer.concat(Array(1_500).fill(get('/healthz'))), 1_500),
    }),
  '18 MB of pipelined requests over 350 connections': () =>
    hold(350, ALONE, {
      reads: false,
      onOpen: (socket) => send(socket, Buffer.concat(Array(1_500).fill(get('/healthz'))), 1_500),
    }),
  'contacts with 90,000 names': ({ base, key }) =>
    flood(119, { path: `${base}/contacts`, key, bodyOf: () => MANY_NAMES }),
  'a bulk with 90,000 names': ({ base, key }) =>
    flood(119, {
      path: `${base}/domains/bulk`,
      key,
      bodyOf: () => MANY_NAMES,
      more: () => `Idempotency-Key: strangers-${(serial += 1)}-${process.pid}\r\n`,
    }),
  'dry runs of 500 items': ({ base, key }) =>
    flood(119, {
      path: `${base}/domains/bulk?dry_run=true`,
      key,
      bodyOf: () => items(500, (i) => ({ domain: `dry-${i}.test`, years: 1 })),
    }),
  'quotes of 500 items': ({ base, key }) =>
    flood(119, {
      path: `${base}/quotes`,
      key,
      bodyOf: () =>
        Buffer.from(
          JSON.stringify({
            operation: 'register',
            items: Array.from({ length: 500 }, (_, i) => ({ domain: `quoted-${i}.test`, years: 1 })),
          }),
        ),
    }),
  'bulks of 500 items': ({ base, key }) =>
    flood(119, {
      path: `${base}/domains/bulk`,
      key,
      bodyOf: () => items(500, (i) => ({ domain: `bulk-${i}-${process.pid}.test`, years: 1 })),
      more: () => `Idempotency-Key: strangers-${(serial += 1)}-${process.pid}\r\n`,
    }),
  'slow heads': () => {
    const sockets = new Map();
    hold(900, FEW, {
      everyMs: 1,
      onOpen: (socket) =>
        sockets.set(send(socket, Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\n')) ?? socket, null),
    });
    drip(sockets, 500, () => 'X-Slow: 1\r\n');
  },
  'slow bodies': ({ base, key }) => {
    const sockets = new Map();
    hold(119, FEW, {
      onOpen: (socket) =>
        sockets.set(send(socket, headOf(`${base}/domains/bulk?dry_run=true`, key, 1_048_576)) ?? socket, null),
    });
    const piece = Buffer.alloc(8_192, ' ');
    drip(sockets, 250, () => piece);
  },
  'bodies in crumbs': ({ base, key }) => {
    const crumbs = chunked(Buffer.alloc(60_000, ' '), 1);
    hold(100, FEW, {
      onOpen: (socket) => send(socket, Buffer.concat([headOf(`${base}/contacts`, key, null), crumbs])),
    });
  },
  'slow readers of large answers': ({ base }) =>
    hold(300, FEW, { everyMs: 2, reads: false, onOpen: (socket) => send(socket, get(`${base}/openapi.json`)) }),
  'idle connections': ({ idle }) => hold(idle, MANY, { everyMs: 0.3 }),
  'header bombs': () => {
    const lines = Buffer.from(`GET /api/v1/me HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(3_100)}\r\n`);
    const long = Buffer.from(`GET /api/v1/me HTTP/1.1\r\nHost: a\r\n${`X-Long: ${'x'.repeat(20_000)}`}\r\n\r\n`);
    keepComing(150, FEW, (socket) => send(socket, told.connections % 2 === 0 ? lines : long));
  },
  'unknown keys': ({ base, unknownKeys }) =>
    keepComing(250, FEW, (socket) => send(socket, get(`${base}/me`, unknownKeys[told.requests % unknownKeys.length]))),
  'long polls': ({ base, key, operation }) =>
    hold(300, FEW, {
      everyMs: 3,
      onOpen: (socket) => send(socket, get(`${base}/operations/${operation}?wait=30`, key)),
    }),
  'uploads broken off': ({ base, key }) =>
    keepComing(60, FEW, (socket) => {
      send(socket, headOf(`${base}/domains/bulk?dry_run=true`, key, 900_000));
      send(socket, Buffer.alloc(200_000, ' '), 0);
      setTimeout(() => socket.destroy(), 100);
    }),
  'new connections': () =>
    keepComing(400, FEW, (socket) => {
      send(socket, get('/healthz'));
      socket.on('data', () => socket.destroy());
    }),
};

process.on('message', ({ shape, ...target }) => {
  if (shape === undefined) {
    process.send(told, () => process.exit(0));
    return;
  }
  ({ port } = target);
  SHAPES[shape](target);
});
process.on('disconnect', () => process.exit(0));
process.send({ shapes: Object.keys(SHAPES) });
