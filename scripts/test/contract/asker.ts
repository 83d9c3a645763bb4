// Sends a request of one operation and checks the answer, whatever it is.
import { randomBytes } from 'node:crypto';
import type { Answer, Buyer, Operator } from '../whole-way';
import type { DocumentedApi, Operation } from './documented-api';
import type { Call, Lumi, World } from './world';

export interface More {
  readonly idempotencyKey?: string | null;
  readonly text?: string;
  readonly suffix?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Through another gateway. */
  readonly send?: Awaited<ReturnType<Lumi['gateway']>>;
}

export type Who = Buyer | Operator | { readonly key: string } | null;

export interface Asker {
  readonly world: World;
  readonly ask: (operation: Operation, call: Call, who: Who, more?: More) => Promise<Answer>;
  readonly refused: (expected: string, asked: Promise<Answer>) => Promise<Answer>;
}

export function askerOf(world: World, api: DocumentedApi): Asker {
  const { lumi } = world;
  /** Sends it and checks the answer. */
  const ask = async (operation: Operation, call: Call, who: Who, more: More = {}): Promise<Answer> => {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(call.params?.[name] ?? ''),
    );
    const query = new URLSearchParams(call.query ?? {}).toString();
    const text = more.text ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const idempotencyKey =
      more.idempotencyKey === null
        ? undefined
        : (more.idempotencyKey ?? (operation.isMoney ? randomBytes(9).toString('hex') : undefined));
    const answer = await (more.send ?? lumi.send)(
      operation.method,
      `${world.base}${path}${query === '' ? '' : `?${query}`}${more.suffix ?? ''}`,
      {
        ...(who === null ? {} : { key: who.key }),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        ...(text === undefined ? {} : { body: text }),
        headers: { ...call.headers, ...more.headers },
      },
    );
    expect({ operation: operation.id, status: answer.status, faults: api.faults(operation, answer) }).toEqual({
      operation: operation.id,
      status: answer.status,
      faults: [],
    });
    return answer;
  };
  const refused = async (expected: string, asked: Promise<Answer>): Promise<Answer> => {
    const answer = await asked;
    expect(
      `${String(answer.status)} ` +
        `${(answer.body as { error?: { code?: string } }).error?.code ?? answer.text.slice(0, 200)}`,
    ).toBe(expected);
    return answer;
  };
  return { world, ask, refused };
}
