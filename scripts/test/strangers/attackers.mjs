// Clients that try to slow all others down, each shape in a process of its own, so that all of it ends at once. They
// use raw sockets and bytes made beforehand: their own cost must be small, or the test would measure it. shapes.ts says
// what each of them must have done.
import net from 'node:net';

/** The address of one attacker, of a few hundred, and of as many as there are connections. */
const ALONE = () => '127.0.0.3';
const FEW = (i) => `127.1.0.${1 + (i % 200)}`;
const MANY = (i) => `127.2.${Math.floor(i / 250) % 250}.${1 + (i % 250)}`;

const AGAIN_MS = 250;
/** `bytes`: passed to the operating system. `openMax`: connections that were open at the same time. */
const told = { connections: 0, openMax: 0, requests: 0, bytes: 0, answers: {} };
let open = 0;
let port = 0;

/** `reads`: `all` answers at once, `slowly` one KiB every half second, `none` at all. */
function connect(i, addressOf, { reads = 'all', onOpen, onClose }) {
  const socket = net.connect({
    port,
    host: '127.0.0.1',
    localAddress: addressOf(i),
    highWaterMark: reads === 'all' ? 65_536 : reads === 'slowly' ? 1_024 : 1,
  });
  socket.on('error', () => undefined);
  socket.on('connect', () => {
    told.connections += 1;
    open += 1;
    told.openMax = Math.max(told.openMax, open);
    socket.once('close', () => (open -= 1));
    onOpen?.(socket);
  });
  if (reads === 'none') socket.pause();
  else socket.on('data', note);
  if (reads === 'slowly')
    socket.on('data', () => {
      socket.pause();
      setTimeout(() => socket.resume(), 500);
    });
  socket.on('close', () => onClose?.());
  return socket;
}

function note(chunk) {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1', 0, 16))?.[1];
  if (status !== undefined) told.answers[status] = (told.answers[status] ?? 0) + 1;
}

function send(socket, bytes, requests = 1) {
  told.requests += requests;
  socket.write(bytes, (err) => {
    if (!err) told.bytes += bytes.length;
  });
}

/** Holds this many connections; one that was closed is opened again. */
function hold(count, addressOf, { everyMs = 0, ...options }) {
  const openOne = (i) => connect(i, addressOf, { ...options, onClose: () => setTimeout(openOne, AGAIN_MS, i) });
  if (everyMs === 0) for (let i = 0; i < count; i += 1) openOne(i);
  else paced(count, everyMs, openOne);
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
function drip(sockets, everyMs, piece) {
  setInterval(() => {
    for (const socket of sockets) {
      if (socket.destroyed) sockets.delete(socket);
      else send(socket, piece, 0);
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

let serial = 0;
const newIdempotencyKey = () => `Idempotency-Key: strangers-${(serial += 1)}-${process.pid}\r\n`;

/** Sends the same POST on this many connections at once, and again on each when it is answered. */
function flood(count, { path, key, bodyOf, more = () => '' }) {
  const ask = (socket) => {
    const body = bodyOf();
    send(socket, headOf(path, key, body.length, more()), 0);
    send(socket, body);
  };
  for (let i = 0; i < count; i += 1) {
    const openOne = () =>
      connect(i, FEW, {
        onOpen: (socket) => {
          ask(socket);
          // An answer may come in several pieces; only its first one begins like this.
          socket.on('data', (chunk) => {
            if (chunk.toString('latin1', 0, 5) === 'HTTP/') setTimeout(() => socket.destroyed || ask(socket), AGAIN_MS);
          });
        },
        onClose: () => setTimeout(openOne, AGAIN_MS),
      });
    openOne();
  }
}

const PARALLEL = 119;
const ITEMS = 500;
const KIB = 1_024;

const listOf = (itemOf) => Array.from({ length: ITEMS }, (_, i) => itemOf(i));
const json = (value) => Buffer.from(JSON.stringify(value));

/** One object with as many fields as fit into this many bytes. */
function names(bytesMax) {
  let text = '{"a":1';
  for (let i = 0; ; i += 1) {
    const one = `,"${i.toString(36)}":1`;
    if (text.length + one.length + 1 > bytesMax) return Buffer.from(`${text}}`);
    text += one;
  }
}

/** An order of 500 names, with metadata up to the largest body of a bulk. */
function largeOrder() {
  const item = (i, size) => ({
    domain: `large-${i}.test`,
    years: 1,
    metadata: Object.fromEntries(Array.from({ length: 4 }, (_, n) => [`field_${n}`, 'x'.repeat(size)])),
  });
  return json({ items: listOf((i) => item(i, 480)) });
}

const SHAPES = {
  'pipelined requests, never read': () =>
    hold(40, ALONE, {
      reads: 'none',
      onOpen: (socket) => send(socket, Buffer.concat(Array(1_500).fill(get('/healthz'))), 1_500),
    }),
  '18 MB of pipelined requests over 350 connections': () =>
    hold(350, ALONE, {
      reads: 'none',
      onOpen: (socket) => send(socket, Buffer.concat(Array(1_500).fill(get('/healthz'))), 1_500),
    }),
  'contacts with as many names as 64 KiB hold': ({ base, key }) => {
    const body = names(64 * KIB);
    flood(PARALLEL, { path: `${base}/contacts`, key, bodyOf: () => body });
  },
  'contacts of 1 MB': ({ base, key }) => {
    const body = names(KIB * KIB);
    flood(PARALLEL, { path: `${base}/contacts`, key, bodyOf: () => body });
  },
  'a bulk with as many names as 1 MiB holds': ({ base, key }) => {
    const body = names(KIB * KIB);
    flood(PARALLEL, { path: `${base}/domains/bulk`, key, bodyOf: () => body, more: newIdempotencyKey });
  },
  'checks of 500 names': ({ base, key }) => {
    const body = json({ domains: listOf((i) => `checked-${i}.test`) });
    flood(PARALLEL, { path: `${base}/domains/check`, key, bodyOf: () => body });
  },
  'dry runs of 500 items': ({ base, key }) => {
    const body = json({ items: listOf((i) => ({ domain: `dry-${i}.test`, years: 1 })) });
    flood(PARALLEL, { path: `${base}/domains/bulk?dry_run=true`, key, bodyOf: () => body });
  },
  'dry runs of 500 items in 1 MB': ({ base, key }) => {
    const body = largeOrder();
    flood(PARALLEL, { path: `${base}/domains/bulk?dry_run=true`, key, bodyOf: () => body });
  },
  'quotes of 500 items': ({ base, key }) => {
    const body = json({ operation: 'register', items: listOf((i) => ({ domain: `quoted-${i}.test`, years: 1 })) });
    flood(PARALLEL, { path: `${base}/quotes`, key, bodyOf: () => body });
  },
  'slow heads': () => {
    const sockets = new Set();
    hold(900, FEW, {
      everyMs: 1,
      onOpen: (socket) => {
        send(socket, Buffer.from('GET /healthz HTTP/1.1\r\nHost: a\r\n'));
        sockets.add(socket);
      },
    });
    drip(sockets, 500, Buffer.from('X-Slow: 1\r\n'));
  },
  'slow bodies': ({ base, key }) => {
    const sockets = new Set();
    hold(PARALLEL, FEW, {
      onOpen: (socket) => {
        send(socket, headOf(`${base}/domains/bulk?dry_run=true`, key, KIB * KIB));
        sockets.add(socket);
      },
    });
    drip(sockets, 250, Buffer.alloc(8 * KIB, ' '));
  },
  'bodies in crumbs': ({ base, key }) => {
    const crumbs = chunked(Buffer.alloc(60_000, ' '), 1);
    hold(100, FEW, {
      onOpen: (socket) => send(socket, Buffer.concat([headOf(`${base}/contacts`, key, null), crumbs])),
    });
  },
  'slow readers of large answers': ({ base }) =>
    hold(300, FEW, { everyMs: 2, reads: 'slowly', onOpen: (socket) => send(socket, get(`${base}/openapi.json`)) }),
  'idle connections': ({ idle }) => hold(idle, MANY, { everyMs: 0.12 }),
  'header bombs': () => {
    const lines = Buffer.from(`GET /api/v1/me HTTP/1.1\r\nHost: a\r\n${'a:b\r\n'.repeat(3_100)}\r\n`);
    const long = Buffer.from(`GET /api/v1/me HTTP/1.1\r\nHost: a\r\n${`X-Long: ${'x'.repeat(20_000)}`}\r\n\r\n`);
    keepComing(150, FEW, (socket) => send(socket, told.connections % 2 === 0 ? lines : long));
  },
  'unknown keys': ({ base, unknownKeys }) =>
    keepComing(250, FEW, (socket) => send(socket, get(`${base}/me`, unknownKeys[told.requests % unknownKeys.length]))),
  'long polls': ({ base, key, operation }) =>
    hold(300, FEW, {
      everyMs: 2,
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
  'bulks of 500 items': ({ base, key }) =>
    flood(PARALLEL, {
      path: `${base}/domains/bulk`,
      key,
      bodyOf: () => json({ items: listOf((i) => ({ domain: `bulk-${serial}-${i}-${process.pid}.test`, years: 1 })) }),
      more: newIdempotencyKey,
    }),
};

process.on('message', ({ begin, shape, ...target }) => {
  if (!begin) {
    process.send(told);
    return;
  }
  ({ port } = target);
  SHAPES[shape](target);
});
process.on('disconnect', () => process.exit(0));
process.send({ shapes: Object.keys(SHAPES) });
