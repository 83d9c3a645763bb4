// What the service should know and bills nothing by: how connections ended, and signs of abuse. It goes with an
// exchange, is offered again when that fails, and is dropped when there is too much of it.
import { newId } from '@lumi/shared/contract';
import { counter } from '@lumi/shared/monitoring';
import type { ConnectionReport, SignReport } from '../../nodes/protocol';
import type { Ended, Sign } from '../meter';

export interface Reported {
  readonly connections: readonly ConnectionReport[];
  readonly signs: readonly SignReport[];
}

/** With one exchange, and kept while the service does not answer. */
const CONNECTIONS_MAX = 1_000;
const SIGNS_MAX = 100;

const dropped = counter('lumi_node_reports_dropped_total', 'Reports that a proxy node had no room for.', ['kind']);
const droppedConnections = dropped.of({ kind: 'connection' });

export class Reports {
  private connections: ConnectionReport[] = [];
  private signs: SignReport[] = [];

  constructor(
    private readonly nowMs: () => number,
    private readonly targetName: (host: string) => string,
  ) {}

  ended({ target, ms, ...rest }: Ended): void {
    if (this.connections.length >= CONNECTIONS_MAX) return droppedConnections.add();
    const now = this.nowMs();
    const at = new Date(now - ms).toISOString();
    const name = target === null ? null : this.targetName(target);
    this.connections.push({ ...rest, id: newId('cnx', now), at, ms: Math.round(ms), target: name });
    return undefined;
  }

  sign(sign: Sign, who: string): void {
    if (this.signs.length >= SIGNS_MAX) return dropped.of({ kind: 'sign' }).add();
    this.signs.push({ sign, who, at: new Date(this.nowMs()).toISOString() });
    return undefined;
  }

  get isEmpty(): boolean {
    return this.connections.length === 0 && this.signs.length === 0;
  }

  take(): Reported {
    const { connections, signs } = this;
    this.connections = [];
    this.signs = [];
    return { connections, signs };
  }

  /** The service did not take them. */
  putBack({ connections, signs }: Reported): void {
    const all = [...connections, ...this.connections];
    droppedConnections.add(Math.max(0, all.length - CONNECTIONS_MAX));
    this.connections = all.slice(0, CONNECTIONS_MAX);
    this.signs = [...signs, ...this.signs].slice(0, SIGNS_MAX);
  }
}
