// The command `migrate [--product <schema>] …`: brings the schemas that are asked for up to date (none: all that it
// has), and ends.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
// File by file: the whole room would load Prisma's client.
import { PLATFORM, prepareDatabase, type SchemaFiles } from '../../base/db/prepare';
import { readOwnerConfig, readPlatformOwnerConfig } from './config';

/** A database that is just starting, or a network that is just made, is asked so often. */
const ATTEMPTS_MAX = 30;
const TRY_AGAIN_MS = 1_000;
const EXIT = { done: 0, failed: 1, stopped: 143 } as const;

/**
 * Returns the exit status.
 *
 * @param args as typed after `migrate`
 * @param schemas whose files are at hand
 */
export async function runMigrate(args: readonly string[], schemas: readonly SchemaFiles[]): Promise<number> {
  // As process 1 of a container it would not be stopped by a signal otherwise. The database rolls back what has begun.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(EXIT.stopped));
  try {
    const chosen = choose(args, schemas);
    const settings = readSettings(chosen);
    await onceReached(() => prepareDatabase({ ...settings, schemas: chosen }));
    process.stdout.write(`The database is up to date: ${chosen.map(({ schema }) => schema).join(', ')}.\n`);
    return EXIT.done;
  } catch (err) {
    process.stderr.write(`${sentenceOf(err)}\n`);
    return EXIT.failed;
  }
}

// What was cut off is rolled back, and what was done is found done, so the whole may run again.
async function onceReached(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (err) {
      if (!isAway(err) || attempt === ATTEMPTS_MAX) throw err;
      process.stderr.write(`The database cannot be reached (${sentenceOf(err)}); trying again.\n`);
      await sleep(TRY_AGAIN_MS);
    }
  }
}

const AWAY = ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', '57P01', '57P03'];

function isAway(err: unknown): boolean {
  if (err instanceof AggregateError) return err.errors.some(isAway);
  if (!(err instanceof Error)) return false;
  return ('code' in err && AWAY.includes(String(err.code))) || /^(Connection terminated|timeout e)/.test(err.message);
}

function sentenceOf(err: unknown): string {
  // Of a host with several addresses; its own message is empty.
  if (err instanceof AggregateError) return sentenceOf(err.errors[0]);
  return err instanceof Error ? err.message : String(err);
}

function choose(args: readonly string[], schemas: readonly SchemaFiles[]): readonly SchemaFiles[] {
  const known = schemas.map(({ schema }) => schema);
  const usage = `Usage: migrate [--product ${known.join('|')}] … (several allowed; none: all)`;
  const wanted = readProducts(args, usage) ?? known;
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`There is no product ${unknown.join(', ')} here. ${usage}`);
  return schemas.filter(({ schema }) => wanted.includes(schema));
}

function readProducts(args: readonly string[], usage: string): readonly string[] | undefined {
  try {
    return parseArgs({ args: [...args], options: { product: { type: 'string', multiple: true } } }).values.product;
  } catch (err) {
    throw new Error(`${err instanceof Error ? err.message : String(err)}. ${usage}`);
  }
}

function readSettings(chosen: readonly SchemaFiles[]): Omit<Parameters<typeof prepareDatabase>[0], 'schemas'> {
  if (chosen.every(({ schema }) => schema !== PLATFORM)) return { ownerUrl: readOwnerConfig().DATABASE_URL };
  const config = readPlatformOwnerConfig();
  return {
    ownerUrl: config.DATABASE_URL,
    passwords: {
      lumi_gateway: config.LUMI_GATEWAY_PASSWORD,
      lumi_domains: config.LUMI_DOMAINS_PASSWORD,
      lumi_vps: config.LUMI_VPS_PASSWORD,
      lumi_proxy: config.LUMI_PROXY_PASSWORD,
      lumi_admin: config.LUMI_ADMIN_PASSWORD,
    },
  };
}
