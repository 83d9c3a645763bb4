// `npm run lumi -- backup FILE [--with-secrets]`: the data of this installation in one encrypted file. Lumi may run and
// sell meanwhile. The file is written beside its place, read back, and then renamed: a file of that name is whole.
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync, readFileSync } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { codeOf } from '../../../../scripts/errors.mjs';
import { Refusal } from '../refusal.mjs';
import { dump } from './dump.mjs';
import { readFrames } from './frames.mjs';
import { damaged, seal, unseal } from './sealed-file.mjs';

/** @typedef {import('../secrets.mjs').Secrets} Secrets */
/** @typedef {import('./frames.mjs').Frame} Frame */
/** @typedef {import('./frames.mjs').Manifest} Manifest */
/** @typedef {import('./frames.mjs').End} End */
/** @typedef {(line: string) => void} Say */

/**
 * @param {object} told
 * @param {string} told.file
 * @param {string} told.passphrase
 * @param {boolean} told.withSecrets
 * @param {string} told.root
 * @param {string} told.ownerUrl
 * @param {Secrets} told.secrets
 * @param {Say} told.say
 * @param {AbortSignal} told.signal
 */
export async function backUp({ file, passphrase, withSecrets, root, ownerUrl, secrets, say, signal }) {
  const { default: pg } = await import('pg');
  const draft = `${file}.part-${process.pid}`;
  const client = new pg.Client({ connectionString: ownerUrl });
  client.on('error', () => undefined); // A lost connection is reported to the query in flight.
  await client.connect();
  try {
    const { identityPublicKeys: _derived, ...kept } = secrets;
    const about = { installation: installationOf(secrets), lumi: versionOf(root) };
    const content = dump({ client, about, say, signal, ...(withSecrets ? { secrets: kept } : {}) });
    await pipeline(
      Readable.from(content),
      createGzip(),
      (bytes) => seal(bytes, passphrase),
      createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true }),
    );
    const { end } = await verify(draft, passphrase, signal);
    await place(draft, file);
    return end;
  } catch (err) {
    if (codeOf(err) === 'EEXIST') throw alreadyThere(file);
    if (codeOf(err) === 'ENOENT')
      throw new Refusal(`There is no folder for ${file}; make it first, or choose another place.`);
    throw err;
  } finally {
    await client.end().catch(() => undefined); // What it was for has succeeded, or its own error is on the way.
    await rm(draft, { force: true });
  }
}

/**
 * Not by a rename, which would replace a file that came meanwhile; except on disks without links.
 *
 * @param {string} draft
 * @param {string} file
 */
async function place(draft, file) {
  try {
    await link(draft, file);
  } catch (err) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(err) ?? '')) throw err;
    if (existsSync(file)) throw alreadyThere(file);
    await rename(draft, file);
  }
}

/** @param {string} file */
export function alreadyThere(file) {
  return new Refusal(`${file} exists already. A backup never replaces a file: choose another name.`);
}

/**
 * Reads the whole file, without doing anything with it.
 *
 * @param {string} file
 * @param {string} passphrase
 * @param {AbortSignal} signal
 * @returns {Promise<{ manifest: Manifest; end: End }>}
 */
export async function verify(file, passphrase, signal) {
  /** @type {Manifest | undefined} */
  let manifest;
  /** @type {End | undefined} */
  let end;
  for await (const frame of framesOf(file, passphrase)) {
    signal.throwIfAborted();
    if (!('told' in frame)) continue;
    if ('manifest' in frame.told) ({ manifest } = frame.told);
    if ('end' in frame.told) ({ end } = frame.told);
  }
  if (manifest === undefined || end === undefined) throw damaged(file);
  return { manifest, end };
}

/**
 * @param {string} file
 * @param {string} passphrase
 * @returns {AsyncGenerator<Frame>}
 */
export async function* framesOf(file, passphrase) {
  const plain = Readable.from(unseal(file, passphrase));
  const bytes = createGunzip();
  plain.on('error', (err) => bytes.destroy(err));
  plain.pipe(bytes);
  try {
    yield* readFrames(bytes);
  } catch (err) {
    if (err instanceof Refusal) throw err;
    // Authenticated, and yet not what a backup holds: written by something else, or by a fault of ours.
    throw Object.assign(damaged(file), { cause: err });
  } finally {
    plain.destroy();
    bytes.destroy();
  }
}

/**
 * The name of an installation: it is what its keys and secrets belong to, whatever machine it runs on.
 *
 * @param {Pick<Secrets, 'identityPublicKeys'>} secrets
 */
export function installationOf({ identityPublicKeys }) {
  return `inst_${createHash('sha256').update(identityPublicKeys).digest('hex').slice(0, 20)}`;
}

/** @param {string} root */
function versionOf(root) {
  return String(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version);
}

/**
 * As the user means it: from the folder in which npm was called.
 *
 * @param {string} file
 * @param {NodeJS.ProcessEnv} env
 */
export function placeOf(file, env) {
  const path = resolve(env.INIT_CWD ?? process.cwd(), file);
  if (basename(path) === '') throw new Refusal('Name a file for the backup.');
  return path;
}
