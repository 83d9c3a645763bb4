// Many connections at once, at little cost: raw sockets, and bytes made beforehand. Everything is counted.
import net from 'node:net';

/** @typedef {net.Socket} Socket */
/** @typedef {(i: number) => string} AddressOf the attacker's own address on connection i */
/** @typedef {'all' | 'slowly' | 'none'} Reads all answers at once, one KiB every half second, or none */
/**
 * @typedef {object} Connecting
 * @property {Reads} [reads]
 * @property {(socket: Socket) => void} [onOpen]
 * @property {() => void} [onClose]
 */

const AGAIN_MS = 250;

/** `bytes`: passed to the operating system. `openMax`: connections that were open at the same time. */
export const told = {
  connections: 0,
  openMax: 0,
  requests: 0,
  bytes: 0,
  answers: /** @type {Record<string, number>} */ ({}),
};
let open = 0;
let port = 0;

/**
 * The port that all connections lead to.
 *
 * @param {number} at
 */
export function aim(at) {
  port = at;
}

/**
 * @param {number} i
 * @param {AddressOf} addressOf
 * @param {Connecting} options
 */
function connect(i, addressOf, { reads = 'all', onOpen, onClose }) {
  const how = {
    port,
    host: '127.0.0.1',
    localAddress: addressOf(i),
    highWaterMark: reads === 'all' ? 65_536 : reads === 'slowly' ? 1_024 : 1,
  };
  const socket = net.connect(how);
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

/** @param {Buffer} chunk */
function note(chunk) {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(chunk.toString('latin1', 0, 16))?.[1];
  if (status !== undefined) told.answers[status] = (told.answers[status] ?? 0) + 1;
}

/**
 * @param {Socket} socket
 * @param {Buffer} bytes
 */
export function send(socket, bytes, requests = 1) {
  told.requests += requests;
  socket.write(bytes, (err) => {
    if (!err) told.bytes += bytes.length;
  });
}

/**
 * Holds this many connections; one that was closed is opened again.
 *
 * @param {number} count
 * @param {AddressOf} addressOf
 * @param {Pick<Connecting, 'reads' | 'onOpen'> & { everyMs?: number }} options
 */
export function hold(count, addressOf, { everyMs = 0, ...options }) {
  const openOne = (/** @type {number} */ i) =>
    connect(i, addressOf, { ...options, onClose: () => setTimeout(openOne, AGAIN_MS, i) });
  if (everyMs === 0) for (let i = 0; i < count; i += 1) openOne(i);
  else paced(count, everyMs, openOne);
}

/**
 * Runs `work(i)` this many times, in small portions.
 *
 * @param {number} count
 * @param {number} everyMs
 * @param {(i: number) => void} work
 */
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

/**
 * One connection after the other, without end.
 *
 * @param {number} perSecond
 * @param {AddressOf} addressOf
 * @param {(socket: Socket) => void} onOpen
 */
export function keepComing(perSecond, addressOf, onOpen) {
  paced(Number.MAX_SAFE_INTEGER, 1_000 / perSecond, (i) => connect(i, addressOf, { onOpen }));
}

/**
 * Sends a piece to each, over and over.
 *
 * @param {Set<Socket>} sockets
 * @param {number} everyMs
 * @param {Buffer} piece
 */
export function drip(sockets, everyMs, piece) {
  setInterval(() => {
    for (const socket of sockets) {
      if (socket.destroyed) sockets.delete(socket);
      else send(socket, piece, 0);
    }
  }, everyMs);
}

/**
 * Sends the same POST on this many connections at once, and again on each when it is answered.
 *
 * @param {number} count
 * @param {AddressOf} addressOf
 * @param {(socket: Socket) => void} ask
 */
export function flood(count, addressOf, ask) {
  for (let i = 0; i < count; i += 1) {
    const openOne = () =>
      connect(i, addressOf, {
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
