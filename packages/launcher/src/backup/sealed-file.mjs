// The encryption of a backup. A line of plain JSON tells how the key is made of the passphrase (scrypt); then come
// chunks of AES-256-GCM. The nonce of a chunk holds its number and whether it is the last one, and every chunk
// authenticates the first line too, so a file that was changed, cut off, extended or put in another order is noticed.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { codeOf } from '../../../../scripts/errors.mjs';
import { Refusal } from '../refusal.mjs';

const MAGIC = 'lumi-backup';
const VERSION = 1;
/** 128 MiB and about half a second for each guess. */
const SCRYPT = { N: 2 ** 17, r: 8, p: 1 };
const SCRYPT_MEMORY_MAX = 256 * 1024 * 1024;
const SALT_BYTES = 16;
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const HEADER_MAX = 1024;
const NEWLINE = 10;

/** @typedef {{ key: Buffer; check: Buffer }} Keys */

/**
 * The bytes of the file.
 *
 * @param {AsyncIterable<Buffer>} plain
 * @param {string} passphrase
 * @returns {AsyncGenerator<Buffer>}
 */
export async function* seal(plain, passphrase) {
  const salt = randomBytes(SALT_BYTES);
  const { key, check } = await keysOf(passphrase, salt);
  const told = { format: MAGIC, version: VERSION, salt: salt.toString('base64'), check: check.toString('base64') };
  const header = Buffer.from(`${JSON.stringify(told)}\n`);
  yield header;
  let number = 0;
  let held = Buffer.alloc(0);
  for await (const piece of plain) {
    held = Buffer.concat([held, piece]);
    // The last chunk is marked as such, so one is always held back.
    while (held.length > CHUNK_BYTES) {
      yield sealChunk({ key, header, number, isLast: false }, held.subarray(0, CHUNK_BYTES));
      held = held.subarray(CHUNK_BYTES);
      number += 1;
    }
  }
  yield sealChunk({ key, header, number, isLast: true }, held);
}

/**
 * What was sealed, piece by piece, each authenticated before it is given. Refuses a file that is not whole when it
 * comes to the fault, so read it to the end before you believe it.
 *
 * @param {string} file
 * @param {string} passphrase
 * @returns {AsyncGenerator<Buffer>}
 */
export async function* unseal(file, passphrase) {
  const reader = new Reader(file);
  try {
    const header = await readHeader(reader, file);
    const { salt, check } = parseHeader(header, file);
    const keys = await keysOf(passphrase, salt);
    if (!timingSafeEqual(keys.check, check))
      throw new Refusal(`The passphrase is not the one that ${file} was encrypted with. Nothing was changed.`);
    for (let number = 0; ; number += 1) {
      const sealed = await reader.take(CHUNK_BYTES + TAG_BYTES);
      const isLast = sealed.length < CHUNK_BYTES + TAG_BYTES || (await reader.isAtEnd());
      yield openChunk({ key: keys.key, header, number, isLast }, sealed, file);
      if (isLast) return;
    }
  } finally {
    reader.close();
  }
}

/**
 * @param {string} passphrase
 * @param {Buffer} salt
 * @returns {Promise<Keys>}
 */
async function keysOf(passphrase, salt) {
  /** @type {Buffer} */
  const master = await new Promise((resolve, reject) =>
    scrypt(passphrase.normalize('NFC'), salt, 32, { ...SCRYPT, maxmem: SCRYPT_MEMORY_MAX }, (err, derived) =>
      err === null ? resolve(derived) : reject(err),
    ),
  );
  const derive = (/** @type {string} */ purpose, /** @type {number} */ bytes) =>
    Buffer.from(hkdfSync('sha256', master, salt, `${MAGIC} ${purpose}`, bytes));
  return { key: derive('chunks', 32), check: derive('check of the passphrase', 16) };
}

/** @typedef {{ key: Buffer; header: Buffer; number: number; isLast: boolean }} Place of a chunk */

/**
 * @param {Place} place
 * @param {Buffer} plain
 */
function sealChunk(place, plain) {
  const cipher = createCipheriv('aes-256-gcm', place.key, nonceOf(place)).setAAD(place.header);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/**
 * @param {Place} place
 * @param {Buffer} sealed
 * @param {string} file
 */
function openChunk(place, sealed, file) {
  try {
    const decipher = createDecipheriv('aes-256-gcm', place.key, nonceOf(place), { authTagLength: TAG_BYTES })
      .setAAD(place.header)
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    throw damaged(file);
  }
}

/** Never used twice: each file has its own key. @param {Place} place */
function nonceOf({ number, isLast }) {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32BE(number, 7);
  nonce.writeUInt8(isLast ? 1 : 0, 11);
  return nonce;
}

/**
 * @param {Reader} reader
 * @param {string} file
 */
async function readHeader(reader, file) {
  const header = await reader.line(HEADER_MAX);
  if (header === null) throw notOurs(file);
  return header;
}

/**
 * @param {Buffer} header
 * @param {string} file
 */
function parseHeader(header, file) {
  /** @type {unknown} */
  let told;
  try {
    told = JSON.parse(header.toString('utf8'));
  } catch {
    throw notOurs(file);
  }
  const { format, version, salt, check } = /** @type {Record<string, unknown>} */ (told ?? {});
  if (format !== MAGIC) throw notOurs(file);
  if (version !== VERSION)
    throw new Refusal(`${file} is a backup of form ${version}; this Lumi reads form ${VERSION}. Use a newer Lumi.`);
  const parts = [salt, check].map((text) => (typeof text === 'string' ? Buffer.from(text, 'base64') : Buffer.alloc(0)));
  const [saltBytes = Buffer.alloc(0), checkBytes = Buffer.alloc(0)] = parts;
  if (saltBytes.length !== SALT_BYTES || checkBytes.length !== 16) throw damaged(file);
  return { salt: saltBytes, check: checkBytes };
}

/** @param {string} file */
export function damaged(file) {
  return new Refusal(`${file} is damaged or incomplete. Nothing was changed. Use another copy of the backup.`);
}

/** @param {string} file */
function notOurs(file) {
  return new Refusal(`${file} is not a backup of Lumi.`);
}

/** A file in pieces of chosen sizes. */
class Reader {
  /** @param {string} file */
  constructor(file) {
    this.file = file;
    this.stream = createReadStream(file);
    /** @type {AsyncIterator<Buffer>} */
    this.pieces = this.stream[Symbol.asyncIterator]();
    this.held = Buffer.alloc(0);
  }

  /** As many bytes as there are, `count` at most. @param {number} count */
  async take(count) {
    while (this.held.length < count && (await this.more()));
    const taken = this.held.subarray(0, count);
    this.held = this.held.subarray(taken.length);
    return taken;
  }

  /** Up to the first newline, with it; null when there is none within `max`. @param {number} max */
  async line(max) {
    while (this.held.indexOf(NEWLINE) < 0 && this.held.length < max && (await this.more()));
    const end = this.held.indexOf(NEWLINE);
    return end < 0 || end >= max ? null : this.take(end + 1);
  }

  async isAtEnd() {
    return this.held.length === 0 && !(await this.more());
  }

  async more() {
    try {
      const { done, value } = await this.pieces.next();
      if (done !== true) this.held = Buffer.concat([this.held, value]);
      return done !== true;
    } catch (err) {
      if (codeOf(err) === 'ENOENT') throw new Refusal(`There is no file ${this.file}.`);
      if (codeOf(err) === 'EISDIR') throw notOurs(this.file);
      throw err;
    }
  }

  close() {
    this.stream.destroy();
  }
}
