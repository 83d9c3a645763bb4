// A customer who sends a request every 25 ms, whether or not the last answer has come, and records how long each took
// from its due time.
import http from 'node:http';

const EVERY_MS = 25;
const ANSWER_LIMIT_MS = 5_000;
const ADDRESS = '127.0.0.2';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
}

export interface Felt {
  readonly asked: number;
  readonly p99Ms: number;
  /** Missing answers, and those that were not successful. */
  readonly failed: readonly string[];
}

export class Customer {
  private readonly agent = new http.Agent({ keepAlive: true, maxSockets: 200, localAddress: ADDRESS });

  constructor(
    private readonly port: number,
    private readonly key: string,
    private readonly wishes: readonly Asked[],
  ) {}

  async feels(forMs: number): Promise<Felt> {
    const failed: string[] = [];
    const count = Math.ceil(forMs / EVERY_MS);
    const startMs = performance.now();
    const times = await Promise.all(
      Array.from(
        { length: count },
        (_, i) =>
          new Promise<number>((resolve) => {
            const dueMs = startMs + i * EVERY_MS;
            setTimeout(() => {
              this.ask(this.wishes[i % this.wishes.length] ?? { method: 'GET', path: '/' })
                .catch((err: unknown) => failed.push(String(err)))
                .finally(() => resolve(performance.now() - dueMs));
            }, dueMs - performance.now());
          }),
      ),
    );
    const sorted = times.sort((a, b) => a - b);
    return { asked: count, p99Ms: Math.round(sorted[Math.ceil(count * 0.99) - 1] ?? Infinity), failed };
  }

  close(): void {
    this.agent.destroy();
  }

  private ask({ method, path, body }: Asked): Promise<void> {
    return new Promise((resolve, reject) => {
      const req = http.request(
        {
          host: '127.0.0.1',
          port: this.port,
          agent: this.agent,
          method,
          path,
          timeout: ANSWER_LIMIT_MS,
          headers: {
            authorization: `Bearer ${this.key}`,
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
        },
        (res) => {
          res.resume();
          res
            .on('end', () =>
              (res.statusCode ?? 0) < 300
                ? resolve()
                : reject(new Error(`${method} ${path}: ${String(res.statusCode)}`)),
            )
            .on('error', reject);
        },
      );
      req.on('timeout', () => req.destroy(new Error(`${method} ${path}: no answer`)));
      req.on('error', reject);
      req.end(body);
    });
  }
}
