// The parameters of SVCB and HTTPS records (RFC 9460 §2.1 and §7, appendix A).
import { bytesOfIpv4, bytesOfIpv6, writeIpv4, writeIpv6 } from './addresses';
import { STRING_MAX, bytesOfText, writeString } from './char-string';
import { RecordFault } from './fault';
import type { Field, Wire } from './fields';
import type { Word } from './word';

const KEYS = ['mandatory', 'alpn', 'no-default-alpn', 'port', 'ipv4hint', 'ech', 'ipv6hint', 'dohpath'] as const;
const MANDATORY = 0;
const ALPN = 1;
const NO_DEFAULT_ALPN = 2;
const PORT = 3;
const IPV4HINT = 4;
const ECH = 5;
const IPV6HINT = 6;
const DOHPATH = 7;
const RESERVED = 65_535;
const VALUE_MAX = 4096;

/** Sorted by key; none twice. */
export const serviceParams: Field = {
  read: (words) => {
    const params = words.rest().map(readParam);
    params.sort((a, b) => a.key - b.key);
    const keys = new Set(params.map(({ key }) => key));
    if (keys.size < params.length) throw new RecordFault('has a parameter twice');
    requireConsistent(params, keys);
    return Buffer.concat(
      params.flatMap(({ key, value }) => {
        const head = Buffer.alloc(4);
        head.writeUInt16BE(key, 0);
        head.writeUInt16BE(value.length, 2);
        return [head, value];
      }),
    );
  },
  write: (wire) => {
    const texts: string[] = [];
    while (!wire.isAtEnd()) texts.push(writeParam(wire));
    return texts.join(' ');
  },
};

interface Param {
  readonly key: number;
  readonly value: Buffer;
  readonly word: Word;
}

function readParam(word: Word): Param {
  const equals = word.raw.indexOf('=');
  const text = equals === -1 ? word.raw : word.raw.slice(0, equals);
  const key = keyOf(text, word);
  const written = equals === -1 ? null : unquoted(word.raw.slice(equals + 1));
  const value = valueOf(key, written === null ? null : bytesOfText(written, word), word);
  if (value.length > VALUE_MAX) throw new RecordFault(`has a parameter of more than ${String(VALUE_MAX)} bytes`, word);
  return { key, value, word };
}

function unquoted(text: string): string {
  return text.length > 1 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1) : text;
}

function keyOf(text: string, word: Word): number {
  const known = KEYS.indexOf(text.toLowerCase() as (typeof KEYS)[number]);
  if (known !== -1) return known;
  const numbered = /^key(0|[1-9]\d{0,4})$/i.exec(text)?.[1];
  const key = numbered === undefined ? RESERVED : Number(numbered);
  if (key >= RESERVED) throw new RecordFault('has an unknown parameter; others are written key65000="…"', word);
  return key;
}

function nameOfKey(key: number): string {
  return KEYS[key] ?? `key${String(key)}`;
}

function valueOf(key: number, bytes: Buffer | null, word: Word): Buffer {
  if (key === NO_DEFAULT_ALPN) {
    if (bytes !== null && bytes.length > 0) throw new RecordFault('has a value for no-default-alpn', word);
    return Buffer.alloc(0);
  }
  if (key > DOHPATH) return bytes ?? Buffer.alloc(0);
  if (bytes === null || bytes.length === 0) throw new RecordFault(`has no value for ${nameOfKey(key)}`, word);
  const text = bytes.toString('latin1');
  switch (key) {
    case MANDATORY:
      return Buffer.concat(
        text
          .split(',')
          .map((one) => keyOf(one, word))
          .sort((a, b) => a - b)
          .map((one) => Buffer.from([one >> 8, one & 255])),
      );
    case ALPN:
      return Buffer.concat(listOf(bytes, word).map((one) => Buffer.concat([Buffer.from([one.length]), one])));
    case PORT: {
      const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
      if (!(port <= 65_535)) throw new RecordFault('has no port from 0 to 65535', word);
      return Buffer.from([port >> 8, port & 255]);
    }
    case IPV4HINT:
      return Buffer.concat(text.split(',').map((one) => bytesOfIpv4(one, word)));
    case IPV6HINT:
      return Buffer.concat(text.split(',').map((one) => bytesOfIpv6(one, word)));
    case ECH: {
      const value = Buffer.from(text, 'base64');
      if (value.toString('base64') !== text || value.length < 2 || value.readUInt16BE(0) !== value.length - 2)
        throw new RecordFault('has an ech that is no list of ECH configurations in base64', word);
      return value;
    }
    default:
      return bytes;
  }
}

/** Comma-separated; a backslash makes a comma or a backslash part of a value (RFC 9460, appendix A.1). */
function listOf(bytes: Buffer, word: Word): readonly Buffer[] {
  const items: number[][] = [[]];
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === 0x2c) items.push([]);
    else if (byte === 0x5c && at + 1 < bytes.length) {
      at += 1;
      items.at(-1)?.push(bytes[at] ?? 0);
    } else items.at(-1)?.push(byte);
  }
  if (items.some((item) => item.length === 0 || item.length > STRING_MAX))
    throw new RecordFault('has a protocol in alpn that is empty or longer than 255 bytes', word);
  return items.map((item) => Buffer.from(item));
}

function requireConsistent(params: readonly Param[], keys: ReadonlySet<number>): void {
  if (keys.has(NO_DEFAULT_ALPN) && !keys.has(ALPN)) throw new RecordFault('has no-default-alpn without alpn');
  const mandatory = params.find(({ key }) => key === MANDATORY);
  if (mandatory === undefined) return;
  const named = Array.from({ length: mandatory.value.length / 2 }, (_, at) => mandatory.value.readUInt16BE(at * 2));
  if (new Set(named).size < named.length) throw new RecordFault('has a mandatory key twice', mandatory.word);
  if (named.some((key) => key === MANDATORY || !keys.has(key)))
    throw new RecordFault('names a mandatory key that it does not have', mandatory.word);
}

function writeParam(wire: Wire): string {
  const key = wire.number(2);
  const value = wire.take(wire.number(2));
  const text = textOf(key, value);
  return text === null ? nameOfKey(key) : `${nameOfKey(key)}=${text}`;
}

function textOf(key: number, value: Buffer): string | null {
  const groups = (size: number) =>
    Array.from({ length: value.length / size }, (_, at) => value.subarray(at * size, (at + 1) * size));
  switch (key) {
    case MANDATORY:
      return groups(2)
        .map((one) => nameOfKey(one.readUInt16BE(0)))
        .join(',');
    case ALPN: {
      const items: string[] = [];
      for (let at = 0; at < value.length; at += 1 + (value[at] ?? 0))
        items.push(value.toString('latin1', at + 1, at + 1 + (value[at] ?? 0)).replace(/[\\,]/g, '\\$&'));
      return writeString(Buffer.from(items.join(','), 'latin1'));
    }
    case PORT:
      return String(value.readUInt16BE(0));
    case IPV4HINT:
      return groups(4).map(writeIpv4).join(',');
    case IPV6HINT:
      return groups(16).map(writeIpv6).join(',');
    case ECH:
      return value.toString('base64');
    default:
      return value.length === 0 ? null : writeString(value);
  }
}
