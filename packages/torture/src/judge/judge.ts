// After a run everything is judged: from the rows, from the supplier's own log and from what the customers remember.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Sql } from '@lumi/shared/db';
import { audit } from '@lumi/shared/ledger';
import { BOOK_RULES } from '@lumi/shared/reconciliation';
import type { GatewayClient, History } from '../customers/client';
import type { Random } from '../random';
import type { System } from '../system/system';
import { pause } from '../waiting';
import type { Breach } from './breach';
import { AT_EVERY_MOMENT, OPEN, PROXY_RULES, RULES, type Rule } from './invariants';
import { judgeAnswers } from './judge-answers';
import { judgeBatches } from './judge-batches';
import { judgeFacts } from './judge-facts';

const OPEN_EVERY_MS = 250;
const LOOK_EVERY_MS = 400;

interface Open {
  readonly what: string;
  readonly id: string;
}

export interface Judged {
  readonly breaches: Breach[];
  /** How long after healing everything was final. */
  readonly settledMs: number;
  /** What was open last. */
  readonly last: string;
}

interface JudgeOptions {
  readonly system: System;
  readonly history: History;
  readonly gateways: GatewayClient;
  readonly random: Random;
  /** Everything has to be final in this time. */
  readonly limitMs: number;
}

export async function judge({ limitMs, ...run }: JudgeOptions): Promise<Judged> {
  const { system, history } = run;
  const startedAt = performance.now();
  const { open, last } = await untilFinal(system, limitMs);
  const settledMs = performance.now() - startedAt;
  const breaches: Breach[] = open.map(({ what, id }) => ({
    rule: `everything is final within ${limitMs / 1_000} s of healing`,
    subject: id,
    detail: `the ${what} is open`,
  }));
  breaches.push(...(await auditBooks(system)), ...(await judgeRules(system, RULES)), ...sentTwice(system));
  if (system.products.includes('proxy')) breaches.push(...(await judgeRules(system, PROXY_RULES)));
  breaches.push(...(await judgeBatches(run)));
  breaches.push(...(await judgeFacts(system, history)));
  breaches.push(...(await judgeAnswers(run)));
  const text = last.slice(0, 3).map(({ what, id }) => `${what} ${id}`);
  return { breaches, settledMs, last: text.join(', ') };
}

/** Looks at what must hold at every moment while the run goes on. `stop` resolves after the last look. */
export function watchMoments(system: System, moments: Map<string, Breach>): { stop(): Promise<void> } {
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      const rows = await system.query<Breach>(AT_EVERY_MOMENT).then(
        (result) => result.rows,
        () => [], // the database is down just now
      );
      for (const row of rows) moments.set(`${row.rule} ${row.subject}`, row);
      await pause(LOOK_EVERY_MS);
    }
  })();
  return {
    stop: () => {
      isOver = true;
      return watching;
    },
  };
}

/** Waits until nothing is open. Gives what still is when the time is over, and what was open last. */
async function untilFinal(system: System, limitMs: number): Promise<{ open: Open[]; last: Open[] }> {
  const endAt = performance.now() + limitMs;
  for (let last: Open[] = []; ;) {
    const { rows } = await system.query<Open>(OPEN);
    if (rows.length === 0 || performance.now() > endAt) return { open: rows, last };
    last = rows;
    await pause(OPEN_EVERY_MS);
  }
}

async function judgeRules(system: System, rules: readonly Rule[]): Promise<Breach[]> {
  const breaches: Breach[] = [];
  for (const [rule, query] of rules) {
    const { rows } = await system.query<Omit<Breach, 'rule'>>(query);
    breaches.push(...rows.map((row) => ({ rule, ...row })));
  }
  return breaches;
}

function sentTwice(system: System): Breach[] {
  return [...system.sent].flatMap(([id, { path, times }]) =>
    times > 1
      ? [{ rule: 'the gateway sends a request to a service once', subject: id, detail: `${path}, ${times} times` }]
      : [],
  );
}

type AuditRule = readonly [string, Sql];

/** The rules that the product audits itself with, those of the services included. */
async function auditBooks(system: System): Promise<Breach[]> {
  const rules: AuditRule[] = [...BOOK_RULES];
  for (const product of system.products) {
    const file = join(system.root, `services/${product}/dist/audit-rules.js`);
    if (!existsSync(file)) continue;
    const lists = Object.values(require(file) as Record<string, unknown>).filter(Array.isArray);
    rules.push(...(lists.flat() as AuditRule[]));
  }
  return system.cluster.asOwner((client) =>
    audit(
      {
        $queryRaw: async <T>(query: TemplateStringsArray | Sql) => {
          if (!('text' in query)) throw new Error('a rule of the audit is made by sql`…`');
          return (await client.query(query.text, [...query.values])).rows as T;
        },
        $executeRaw: () => {
          throw new Error('a rule of the audit only reads');
        },
      },
      rules,
    ),
  );
}
