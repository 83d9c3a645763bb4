// The double's settings, read once. Nothing else in this package reads the environment.
import { readFileSync } from 'node:fs';

export interface Config {
  host: string;
  port: number;
  dataDir: string;
  token: string;
  webhookUrl: string | undefined;
  publicUrl: string | undefined;
}

const NAMES = ['PORT', 'HOST', 'DATA_DIR', 'CRYPTO_PAY_TOKEN', 'WEBHOOK_URL', 'PUBLIC_URL'] as const;

/** All faults at once, so that a wrong set-up is repaired in one go. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config | { faults: string[] } {
  const { env, faults } = withFiles(environment);
  const port = env.PORT ?? '0';
  if (!/^\d{1,5}$/.test(port) || Number.parseInt(port, 10) > 65_535)
    faults.push('PORT must be a number from 0 to 65535 (0 picks a free port).');
  if (!env.DATA_DIR && !environment.DATA_DIR_FILE)
    faults.push('DATA_DIR must name the folder that keeps the invoices.');
  if (!env.CRYPTO_PAY_TOKEN || env.CRYPTO_PAY_TOKEN.length < 8)
    faults.push('CRYPTO_PAY_TOKEN must be the API token clients send, at least 8 characters.');
  for (const name of ['WEBHOOK_URL', 'PUBLIC_URL'] as const) {
    if (env[name] && !/^https?:\/\//.test(env[name])) faults.push(`${name} must start with http:// or https://.`);
  }
  if (faults.length > 0) return { faults };
  return {
    host: env.HOST || '127.0.0.1',
    port: Number.parseInt(port, 10),
    dataDir: env.DATA_DIR ?? '',
    token: env.CRYPTO_PAY_TOKEN ?? '',
    webhookUrl: env.WEBHOOK_URL || undefined,
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, '') || undefined,
  };
}

/** A setting may be in a file: `X_FILE` names it. */
function withFiles(environment: NodeJS.ProcessEnv): { env: NodeJS.ProcessEnv; faults: string[] } {
  const env: NodeJS.ProcessEnv = {};
  const faults: string[] = [];
  for (const name of NAMES) {
    const [value, file] = [environment[name], environment[`${name}_FILE`]];
    if (value && file) faults.push(`${name} is given twice: as ${name} and as ${name}_FILE; leave one of them out.`);
    try {
      env[name] = file ? readFileSync(file, 'utf8').replace(/\r?\n$/, '') : value;
    } catch {
      faults.push(`${name}_FILE names a file that cannot be read.`);
    }
  }
  return { env, faults };
}
