// The installation's secrets: made once, kept in secrets.json (mode 0600), never printed. Without the file every API
// key and every stored signing secret is useless, so it is never silently replaced once there is data.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../../../scripts/errors.mjs';
import { eachRole } from '../../../scripts/database-roles.mjs';
import { exists, writeAtomically } from './data-folder.mjs';
import { Refusal } from './refusal.mjs';

/** @typedef {import('@lumi/shared/db').Role} Role */
/**
 * @typedef {object} KeptSecrets what secrets.json holds
 * @property {string} ownerPassword
 * @property {Record<Role, string>} rolePasswords
 * @property {string} keyPeppers
 * @property {string} secretRing
 * @property {string} identityPrivateKey
 * @property {string} cursorSecret
 * @property {string} cryptoPayToken
 * @property {string} proxyNodeToken of the proxy node on this machine
 */
/** @typedef {KeptSecrets & { readonly identityPublicKeys: string }} Secrets */

/** @type {readonly Role[]} */
const FIRST_ROLES = ['lumi_gateway', 'lumi_domains', 'lumi_vps', 'lumi_proxy'];
/** @type {readonly Role[]} */
const ROLES = [...FIRST_ROLES, 'lumi_admin'];

/**
 * @param {string} folder
 * @param {{ hasData: boolean }} known
 * @returns {Secrets}
 */
export function loadSecrets(folder, { hasData }) {
  const file = join(folder, 'secrets.json');
  if (!exists(file)) {
    if (hasData)
      throw new Refusal(
        `${file} is missing although ${folder} holds data that only it can open; restore it from a backup, ` +
          'or move the folder away to start afresh.',
      );
    writeAtomically(file, `${JSON.stringify(makeSecrets(), null, 2)}\n`);
  }
  chmodSync(file, 0o600);
  const secrets = parse(file);
  // What came with an update: a role's password is made now (the role itself when the database is prepared), and the
  // token of the proxy node.
  const added = ROLES.filter((role) => secrets.rolePasswords[role] === undefined);
  const hasNodeToken = secrets.proxyNodeToken !== undefined;
  if (added.length > 0 || !hasNodeToken) {
    for (const role of added) secrets.rolePasswords[role] = password();
    if (!hasNodeToken) secrets.proxyNodeToken = nodeToken();
    writeAtomically(file, `${JSON.stringify(secrets, null, 2)}\n`);
    chmodSync(file, 0o600);
  }
  return { ...secrets, identityPublicKeys: publicKeys(secrets.identityPrivateKey) };
}

/** @returns {KeptSecrets} */
export function makeSecrets() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  return {
    ownerPassword: password(),
    rolePasswords: eachRole(password),
    keyPeppers: `1:${randomBytes(32).toString('base64')}`,
    secretRing: `1:${randomBytes(32).toString('base64')}`,
    identityPrivateKey: Buffer.from(pem).toString('base64'),
    cursorSecret: randomBytes(32).toString('base64'),
    cryptoPayToken: `${1000 + randomBytes(2).readUInt16BE()}:AA${randomBytes(24).toString('base64url')}`,
    proxyNodeToken: nodeToken(),
  };
}

function nodeToken() {
  return `lnt_${randomBytes(32).toString('base64url')}`;
}

function password() {
  return randomBytes(24).toString('base64url');
}

/**
 * @param {string} file
 * @returns {KeptSecrets}
 */
function parse(file) {
  try {
    return parseSecrets(JSON.parse(readFileSync(file, 'utf8')));
  } catch (err) {
    if (['EACCES', 'EPERM'].includes(codeOf(err) ?? '')) throw err;
    throw new Refusal(`${file} is damaged; restore it from a backup, or move the data folder away to start afresh.`);
  }
}

/**
 * Throws when something is missing.
 *
 * @param {unknown} kept
 */
export function parseSecrets(kept) {
  const secrets = /** @type {KeptSecrets} judged below */ (kept);
  const fields = [
    secrets.ownerPassword,
    secrets.keyPeppers,
    secrets.secretRing,
    secrets.identityPrivateKey,
    secrets.cursorSecret,
    secrets.cryptoPayToken,
    ...Object.values(secrets.rolePasswords),
    ...FIRST_ROLES.map((role) => secrets.rolePasswords[role]),
  ];
  if (!fields.every((field) => typeof field === 'string' && field !== '')) throw new SyntaxError('a field is missing');
  publicKeys(secrets.identityPrivateKey);
  return secrets;
}

/** @param {string} privateKeyBase64 */
export function publicKeys(privateKeyBase64) {
  const publicKey = createPublicKey(createPrivateKey(Buffer.from(privateKeyBase64, 'base64').toString()));
  return Buffer.from(JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] })).toString('base64');
}
