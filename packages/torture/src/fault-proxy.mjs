// A TCP proxy on one link, on loopback, that can be slow, cut, silent, or cut at a chosen byte or after a chosen
// statement. It changes no bytes.
import { connect, createServer } from 'node:net';

export class FaultProxy {
  /** `upstreams()` gives the ports to try in turn; the first that answers gets the connection. */
  constructor({ name, upstreams, isPostgres = false }) {
    Object.assign(this, { name, upstreams, isPostgres });
    this.pairs = new Set();
    this.latencyMs = 0;
    this.isSilent = false;
    this.isShut = false;
    this.turn = 0;
    this.traps = [];
    this.onRequestBytes = null;
  }

  async listen() {
    this.server = createServer((client) => this.accept(client));
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.port = this.server.address().port;
    return this;
  }

  close() {
    this.cut();
    return new Promise((resolve) => this.server.close(resolve));
  }

  /** Every open connection is reset. */
  cut() {
    for (const pair of [...this.pairs]) pair.end();
  }

  /** No byte passes either way until `false`; connections stay open, new ones are accepted. */
  silence(isSilent) {
    this.isSilent = isSilent;
    for (const pair of this.pairs) isSilent ? pair.pause() : pair.resume();
  }

  /** New connections are refused while `true`. */
  shut(isShut) {
    this.isShut = isShut;
    if (isShut) this.cut();
  }

  /**
   * The next connection over which a request with these two texts goes is cut when its answer comes: done, and nobody
   * told.
   */
  trapAnswer(text, match, onSprung) {
    this.traps.push({ texts: [text, match], onSprung });
  }

  /** The next connection is cut once so many bytes of answers have passed. */
  trapAfter(bytes) {
    this.cutAfter = bytes;
  }

  accept(client) {
    client.on('error', () => undefined); // its partner learns of it by `close`
    if (this.isShut) {
      client.resetAndDestroy();
      return;
    }
    const ports = this.upstreams();
    this.turn += 1;
    this.dial(
      client,
      ports.map((_, i) => ports[(this.turn + i) % ports.length]),
    );
  }

  dial(client, [port, ...others]) {
    if (port === undefined || client.destroyed) {
      client.resetAndDestroy();
      return;
    }
    const server = connect(port, '127.0.0.1');
    server.once('error', () => this.dial(client, others));
    server.once('connect', () => {
      server.removeAllListeners('error');
      server.on('error', () => undefined);
      this.join(client, server);
    });
  }

  join(client, server) {
    const pair = new Pair(this, client, server);
    this.pairs.add(pair);
    if (this.cutAfter !== undefined) {
      pair.bytesLeft = this.cutAfter;
      this.cutAfter = undefined;
    }
    if (this.isSilent) pair.pause();
  }
}

class Pair {
  constructor(proxy, client, server) {
    Object.assign(this, {
      proxy,
      client,
      server,
      bytesLeft: Infinity,
      sprung: null,
      isOver: false,
      statements: new Map(),
    });
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('close', () => this.end());
    }
    this.pass(client, server, (chunk) => this.seeRequest(chunk));
    this.pass(server, client, (chunk) => this.seeAnswer(chunk));
  }

  pass(from, to, see) {
    let queue = Promise.resolve();
    from.on('data', (chunk) => {
      if (this.isOver || see(chunk) === false) return;
      const write = () => {
        if (this.isOver || to.write(chunk)) return;
        from.pause();
        to.once('drain', () => (this.proxy.isSilent ? undefined : from.resume()));
      };
      if (this.proxy.latencyMs === 0 && queue === null) write();
      else
        queue = Promise.resolve(queue)
          .then(() => delay(this.proxy.latencyMs))
          .then(write);
    });
    from.on('end', () => Promise.resolve(queue).then(() => to.end()));
    queue = null;
  }

  seeRequest(chunk) {
    this.proxy.onRequestBytes?.(chunk);
    const said = this.proxy.isPostgres ? this.withStatements(chunk) : '';
    const index = this.proxy.traps.findIndex(({ texts }) => texts.every((text) => said.includes(text)));
    if (index >= 0) [this.sprung] = this.proxy.traps.splice(index, 1);
  }

  /** A prepared statement is sent once with its text (Parse), then by its name only (Bind). */
  withStatements(chunk) {
    let said = chunk.toString('latin1');
    for (const [, name, text] of said.matchAll(/P[\s\S]{4}(lumi_\d+)\0([^\0]*)/g)) this.statements.set(name, text);
    for (const [, name] of said.matchAll(/B[\s\S]{4}\0(lumi_\d+)\0/g)) said += this.statements.get(name) ?? '';
    return said;
  }

  seeAnswer(chunk) {
    if (this.sprung !== null) {
      this.sprung.onSprung();
      this.end();
      return false;
    }
    this.bytesLeft -= chunk.length;
    if (this.bytesLeft > 0) return true;
    this.client.write(chunk.subarray(0, chunk.length + this.bytesLeft), () => this.end());
    this.bytesLeft = Infinity;
    return false;
  }

  pause() {
    this.client.pause();
    this.server.pause();
  }

  resume() {
    this.client.resume();
    this.server.resume();
  }

  end() {
    if (this.isOver) return;
    this.isOver = true;
    this.proxy.pairs.delete(this);
    for (const socket of [this.client, this.server]) if (!socket.destroyed) socket.resetAndDestroy();
  }
}

function delay(ms) {
  return ms === 0 ? undefined : new Promise((resolve) => setTimeout(resolve, ms));
}
