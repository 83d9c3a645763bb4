// Makes the secrets and settings that docker-compose.yml reads; `--help` says how.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const HELP = `Makes the secrets and settings of an installation in containers. Run it once and keep what it makes:
keys and signing secrets of this installation are worth nothing without it.

  (umask 077; node infra/docker/make-env.mjs > .env)
      Settings and secrets, for docker-compose.yml.

  node infra/docker/make-env.mjs .env >> .env
      Only what that file lacks, for after an update.

  node infra/docker/make-env.mjs --files secrets > .env
      Each secret in a file of its own below the folder \`secrets\`; only settings that are no secrets are
      printed. Files that are there already are kept, so it may run again after an update.

  node infra/docker/make-env.mjs .env --files secrets >> .env
      The same for an installation whose secrets stand in .env: the files get its secrets. Then delete the
      lines that it names.

A process takes the file of a setting X by X_FILE. For each process:

  all       KEY_PEPPERS_FILE, SECRET_RING_FILE
  gateway   DATABASE_URL_FILE (the file GATEWAY_DATABASE_URL), IDENTITY_PRIVATE_KEY_FILE
  services  DATABASE_URL_FILE (DOMAINS_DATABASE_URL, VPS_DATABASE_URL, PROXY_DATABASE_URL),
            ADMIN_DATABASE_URL_FILE, IDENTITY_PUBLIC_KEYS_FILE, CURSOR_SECRET_FILE
  proxy     PROXY_LOCAL_NODE_TOKEN_FILE (the file PROXY_NODE_TOKEN) besides
  node      PROXY_NODE_TOKEN_FILE; its PROXY_NODE_ID is node_local
  migrate   DATABASE_URL_FILE (OWNER_DATABASE_URL), LUMI_GATEWAY_PASSWORD_FILE (GATEWAY_DB_PASSWORD),
            and so on for DOMAINS, VPS, PROXY and ADMIN
  lumi      DATABASE_URL_FILE (ADMIN_DATABASE_URL)
  postgres  POSTGRES_PASSWORD_FILE, a setting of its image

The addresses name the host of docker-compose.yml, postgres:5432/lumi. With Kubernetes:
\`kubectl create secret generic lumi --from-file=secrets\`.

Options:
  --files FOLDER  where secrets are written (made if it is not there, for this user alone)
  --help          this text
`;

const ROLES = /** @type {const} */ (['GATEWAY', 'DOMAINS', 'VPS', 'PROXY', 'ADMIN']);
const OPEN = { PUBLIC_URL: 'http://127.0.0.1:8080', API_MONEY_ENABLED: 'false' };

main();

function main() {
  const { file, folder, help } = readArguments();
  if (help) return void process.stdout.write(HELP);
  const given = file === undefined ? {} : settingsIn(readFileSync(file, 'utf8'));
  if (folder === undefined) return print({ ...makeSecrets(given), ...OPEN }, given);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const secrets = makeSecrets({ ...given, ...secretsIn(folder) });
  for (const [name, secret] of Object.entries({ ...secrets, ...databaseUrls(secrets) }))
    if (!existsSync(join(folder, name))) writeFileSync(join(folder, name), `${secret}\n`, { mode: 0o444 });
  print(OPEN, given);
  const lines = Object.keys(secrets).filter((name) => name in given);
  if (lines.length > 0)
    process.stderr.write(`The secrets are in ${folder} now. Delete these lines of ${file}: ${lines.join(', ')}\n`);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { files: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (positionals.length > 1) throw new Error('one file of settings at most');
    return { file: positionals[0], folder: values.files, help: values.help === true };
  } catch (err) {
    process.stderr.write(`${err instanceof Error ? err.message : err}; see --help\n`);
    return process.exit(2);
  }
}

/**
 * Those that are given, and new ones for the others.
 *
 * @param {Readonly<Record<string, string>>} given
 * @returns {Record<string, string>}
 */
function makeSecrets(given) {
  const names = ['POSTGRES_PASSWORD', ...ROLES.map((role) => `${role}_DB_PASSWORD`)];
  const passwords = names.map((name) => [name, randomBytes(24).toString('base64url')]);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const identity = given.IDENTITY_PRIVATE_KEY ?? base64(String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  const publicKey = createPublicKey(createPrivateKey(Buffer.from(identity, 'base64').toString()));
  const made = {
    ...Object.fromEntries(passwords),
    KEY_PEPPERS: `1:${randomBytes(32).toString('base64')}`,
    SECRET_RING: `1:${randomBytes(32).toString('base64')}`,
    IDENTITY_PRIVATE_KEY: identity,
    IDENTITY_PUBLIC_KEYS: base64(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] })),
    CURSOR_SECRET: randomBytes(32).toString('base64'),
    PROXY_NODE_TOKEN: `lnt_${randomBytes(32).toString('base64url')}`,
  };
  return Object.fromEntries(Object.entries(made).map(([name, secret]) => [name, given[name] ?? secret]));
}

/** @param {Readonly<Record<string, string>>} secrets */
function databaseUrls(secrets) {
  const url = (/** @type {string} */ user, /** @type {string | undefined} */ password = '') =>
    `postgresql://${user}:${encodeURIComponent(password)}@postgres:5432/lumi`;
  return {
    OWNER_DATABASE_URL: url('lumi', secrets.POSTGRES_PASSWORD),
    ...Object.fromEntries(
      ROLES.map((role) => [`${role}_DATABASE_URL`, url(`lumi_${role.toLowerCase()}`, secrets[`${role}_DB_PASSWORD`])]),
    ),
  };
}

/** @param {string} text of a file such as .env */
function settingsIn(text) {
  return Object.fromEntries(
    text.split('\n').flatMap((line) => {
      const [, name, value] = /^([A-Z_]+)=(.+)$/.exec(line.trim()) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value]];
    }),
  );
}

/** @param {string} folder */
function secretsIn(folder) {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8').trimEnd()]),
  );
}

/**
 * @param {Readonly<Record<string, string>>} settings
 * @param {Readonly<Record<string, string>>} given
 */
function print(settings, given) {
  const missing = Object.entries(settings).filter(([name]) => !(name in given));
  process.stdout.write(missing.map(([name, value]) => `${name}=${value}\n`).join(''));
}

/** @param {string} text */
function base64(text) {
  return Buffer.from(text).toString('base64');
}
