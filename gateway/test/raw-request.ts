// Requests written byte by byte, and their answers.
import net from 'node:net';

export interface RawReply {
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly code: string | undefined;
  readonly all: string;
}

/** Writes the bytes and reads until the connection ends or a complete answer with a length has arrived. */
export function sendRaw(text: string | Buffer, target: { port: number }): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(target.port, '127.0.0.1', () => socket.write(text));
    let all = '';
    const done = (): void => {
      socket.destroy();
      resolve(parse(all));
    };
    socket.on('data', (chunk) => {
      all += chunk.toString('latin1');
      if (isWhole(all)) done();
    });
    socket.on('end', done);
    socket.on('error', (err) => (all === '' ? reject(err) : done()));
  });
}

function isWhole(text: string): boolean {
  const cut = text.indexOf('\r\n\r\n');
  if (cut === -1 || text.startsWith('HTTP/1.1 100')) return false;
  const length = /content-length: (\d+)/i.exec(text.slice(0, cut))?.[1];
  return length !== undefined && text.length - cut - 4 >= Number.parseInt(length, 10);
}

function parse(all: string): RawReply {
  const text = all.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '');
  const cut = text.indexOf('\r\n\r\n');
  const body = cut === -1 ? '' : text.slice(cut + 4);
  let code: string | undefined;
  try {
    code = (JSON.parse(body) as { error?: { code?: string } }).error?.code;
  } catch {
    code = undefined;
  }
  return {
    status: Number.parseInt(text.slice(9, 12), 10),
    head: cut === -1 ? text : text.slice(0, cut),
    body,
    code,
    all,
  };
}

export function expectRefusal(reply: RawReply, status: number, code: string): void {
  expect({ status: reply.status, code: reply.code }).toEqual({ status, code });
  expect(reply.head).toMatch(/content-type: application\/json; charset=utf-8/i);
  expect(reply.head).toMatch(/x-request-id: req_[0-9a-z]{24}/i);
  const id = /x-request-id: (req_[0-9a-z]{24})/i.exec(reply.head)?.[1];
  expect(JSON.parse(reply.body)).toMatchObject({ error: { code, request_id: id } });
  // The contract: this header is on every answer, so also on those of the parser.
  expect(reply.head).toMatch(/\r\nratelimit: "(?:public|regular)";r=\d+;t=\d+/i);
  expect(reply.head).toMatch(/\r\nratelimit-policy: "(?:public|regular)";q=\d+;w=60/i);
}
