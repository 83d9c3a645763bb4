// The use of a pool of database connections.
import { gauge } from './meters';

interface Pool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  readonly options: { readonly max?: number };
}

const connections = gauge('lumi_database_connections', 'Connections of this process, by pool.', ['pool', 'state']);
const limits = gauge('lumi_database_connections_max', 'The size of the pool.', ['pool']);
const waiting = gauge('lumi_database_waiting', 'Statements of this process that wait for a connection.', ['pool']);

/** Returns what ends it. */
export function watchPool(name: string, pool: Pool): () => void {
  const ends = [
    connections.watch(() => [
      [{ pool: name, state: 'busy' }, pool.totalCount - pool.idleCount],
      [{ pool: name, state: 'idle' }, pool.idleCount],
    ]),
    limits.watch(() => [[{ pool: name }, pool.options.max ?? 0]]),
    waiting.watch(() => [[{ pool: name }, pool.waitingCount]]),
  ];
  return () => {
    for (const end of ends) end();
  };
}
