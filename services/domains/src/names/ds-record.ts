// DNSSEC delegation: DS records as sent, or made from DNSKEYs (RFC 4034, RFC 4509).
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError, type ErrorDetail } from '@lumi/shared/contract';
import { dnskeyRefusal } from '@lumi/shared/public-keys';
import type { Tld } from '../catalogue/catalogue';
import type { DsRecord } from '../supplier/registrar';

/** Number of hex digits of a digest by its type: SHA-1, SHA-256, SHA-384. */
const DIGEST_LENGTHS: Readonly<Record<number, number>> = { 1: 40, 2: 64, 4: 96 };
const SHA256 = 2;

export const dsInput = z
  .object({
    key_tag: z.number().int().min(0).max(65_535),
    algorithm: z.number().int().min(1).max(255),
    digest_type: z.number().int().min(1).max(255),
    digest: z
      .string()
      .regex(/^([0-9a-fA-F]{2})+$/, 'must be hexadecimal')
      .max(128),
  })
  .strict();

export const dnskeyInput = z
  .object({
    flags: z.union([z.literal(256), z.literal(257)]),
    protocol: z.literal(3).optional(),
    algorithm: z.number().int().min(1).max(255),
    public_key: z
      .string()
      .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'must be base64')
      .max(1400),
  })
  .strict();

/**
 * In the registry's form: digests in capitals, sorted, without duplicates. Throws 422 for a record that this TLD does
 * not take.
 */
export function readDs(
  name: string,
  tld: Tld,
  ds: readonly z.output<typeof dsInput>[],
  keys: readonly z.output<typeof dnskeyInput>[],
): readonly DsRecord[] {
  const details: ErrorDetail[] = [];
  ds.forEach((one, i) => {
    if (!tld.dnssec_algorithms.includes(one.algorithm))
      details.push({
        path: `ds.${String(i)}.algorithm`,
        message: `must be one of ${tld.dnssec_algorithms.join(', ')} for .${tld.tld}`,
      });
    if (DIGEST_LENGTHS[one.digest_type] === undefined)
      details.push({ path: `ds.${String(i)}.digest_type`, message: 'must be 1, 2 or 4' });
    else if (one.digest.length !== DIGEST_LENGTHS[one.digest_type])
      details.push({
        path: `ds.${String(i)}.digest`,
        message: `must have ${String(DIGEST_LENGTHS[one.digest_type])} hexadecimal digits`,
      });
  });
  keys.forEach((one, i) => {
    const refusal = keyRefusal(one);
    if (!tld.dnssec_algorithms.includes(one.algorithm))
      details.push({
        path: `keys.${String(i)}.algorithm`,
        message: `must be one of ${tld.dnssec_algorithms.join(', ')} for .${tld.tld}`,
      });
    else if (refusal !== null) details.push({ path: `keys.${String(i)}.public_key`, message: refusal });
  });
  const unique = new Map(
    [...ds, ...keys.map((key) => dsOfKey(name, key))].map((one) => {
      const record: DsRecord = {
        key_tag: one.key_tag,
        algorithm: one.algorithm,
        digest_type: one.digest_type,
        digest: one.digest.toUpperCase(),
      };
      return [JSON.stringify(record), record];
    }),
  );
  if (unique.size > tld.dnssec_max)
    details.push({ path: 'ds', message: `must be at most ${String(tld.dnssec_max)} records for .${tld.tld}` });
  if (details.length > 0) throw new AppError('validation_error', undefined, { details });
  return [...unique.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}

function keyRefusal({ algorithm, public_key: text }: z.output<typeof dnskeyInput>): string | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '')
    ? dnskeyRefusal(algorithm, bytes)
    : 'must be base64';
}

export function dsOfKey(name: string, key: z.output<typeof dnskeyInput>): DsRecord {
  const rdata = Buffer.concat([
    Buffer.from([key.flags >> 8, key.flags & 255, 3, key.algorithm]),
    Buffer.from(key.public_key, 'base64'),
  ]);
  const digest = createHash('sha256').update(wireName(name)).update(rdata).digest('hex').toUpperCase();
  return { key_tag: keyTag(rdata), algorithm: key.algorithm, digest_type: SHA256, digest };
}

/** RFC 4034, appendix B. */
function keyTag(rdata: Buffer): number {
  let sum = 0;
  rdata.forEach((byte, i) => {
    sum += i % 2 === 0 ? byte << 8 : byte;
  });
  return (sum + (sum >> 16)) & 0xffff;
}

function wireName(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'ascii')])),
    Buffer.from([0]),
  ]);
}
