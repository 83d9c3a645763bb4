// The double's settings, read once. Nothing else in this package reads the environment.

export interface Config {
  host: string;
  port: number;
  dataDir: string;
  token: string;
  webhookUrl: string | undefined;
  publicUrl: string | undefined;
}

/** All faults at once, so that a wrong set-up is repaired in one go. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config | { faults: string[] } {
  const faults: string[] = [];
  const port = env.PORT ?? '0';
  if (!/^\d{1,5}$/.test(port) || Number.parseInt(port, 10) > 65_535)
    faults.push('PORT must be a number from 0 to 65535 (0 picks a free port).');
  if (!env.DATA_DIR) faults.push('DATA_DIR must name the folder that keeps the invoices.');
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
