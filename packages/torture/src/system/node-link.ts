// The link between a proxy node and the service. Beside what every link can do, it sends exchanges once more: at once,
// as a network does that delivers twice, or later, after those that followed.
import { connect } from 'node:net';
import { FaultProxy } from './fault-proxy';

const KEPT = 3;
const REQUEST_BYTES_MAX = 8 * 1024 * 1024;
const ANSWER_LIMIT_MS = 10_000;
const HEAD_END = '\r\n\r\n';

export class NodeLink extends FaultProxy {
  /** Each exchange is sent twice at once. */
  isDoubling = false;
  /** Answers to exchanges that the node never got. */
  lostAnswers = 0;
  /** Exchanges that were sent once more and answered. */
  repeats = 0;
  private readonly kept: Buffer[] = [];

  constructor(private readonly servers: () => readonly number[]) {
    super({ name: 'node→proxy', upstreams: servers });
    this.watchRequests = () => this.watchConnection();
  }

  loseNextAnswer(): void {
    this.trapAnswer('/exchange', '', () => (this.lostAnswers += 1));
  }

  /** The last exchanges once more, the oldest last. */
  async repeatOld(): Promise<void> {
    for (const request of [...this.kept].reverse()) await this.sendAgain(request);
  }

  private watchConnection(): (chunk: Buffer) => void {
    let said: Buffer = Buffer.alloc(0);
    return (chunk) => {
      said = Buffer.concat([said, chunk]);
      for (let size = sizeOfRequest(said); size !== null && said.length >= size; size = sizeOfRequest(said)) {
        this.see(Buffer.from(said.subarray(0, size)));
        said = said.subarray(size);
      }
      if (said.length > REQUEST_BYTES_MAX) said = Buffer.alloc(0);
    };
  }

  private see(request: Buffer): void {
    if (!request.subarray(0, 200).toString('latin1').includes('/exchange ')) return;
    this.kept.push(request);
    if (this.kept.length > KEPT) this.kept.shift();
    if (this.isDoubling) void this.sendAgain(request);
  }

  private sendAgain(request: Buffer): Promise<void> {
    const [port] = this.servers();
    if (port === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(request));
      socket.setTimeout(ANSWER_LIMIT_MS, () => socket.destroy());
      socket.on('error', () => undefined); // it is down just now: then nothing was repeated
      socket.once('data', (answer: Buffer) => {
        if (/^HTTP\/1\.1 (200|409)/.test(answer.toString('latin1'))) this.repeats += 1;
        socket.destroy();
      });
      socket.once('close', () => resolve());
    });
  }
}

/** Null while its head is not complete. */
function sizeOfRequest(said: Buffer): number | null {
  const end = said.indexOf(HEAD_END);
  if (end < 0) return null;
  const length = /content-length: (\d+)/i.exec(said.subarray(0, end).toString('latin1'))?.[1];
  return end + HEAD_END.length + Number(length ?? 0);
}
