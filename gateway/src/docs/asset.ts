// One static file, page or document, kept in memory: its bytes, and one compressed form for each encoding that a
// browser asks for.
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export type Encoding = 'br' | 'gzip' | 'identity';

/** Higher levels cost seconds of the processor and save little. */
const BROTLI_QUALITY = 5;
/** Below this size, compression saves no packet. */
const COMPRESS_BYTES_MIN = 1_000;

export class Asset {
  /** A hash of the content. A changed file has another hash, so browsers may cache answers for ever. */
  readonly version: string;
  private readonly encoded = new Map<Encoding, Promise<Buffer>>();

  constructor(
    readonly type: string,
    private readonly bytes: Buffer,
    readonly cacheControl = 'no-cache',
  ) {
    this.version = createHash('sha256').update(bytes).digest('base64url').slice(0, 16);
  }

  get isCompressible(): boolean {
    return this.bytes.length >= COMPRESS_BYTES_MIN;
  }

  etag(encoding: Encoding): string {
    return encoding === 'identity' ? `"${this.version}"` : `"${this.version}-${encoding}"`;
  }

  as(encoding: Encoding): Promise<Buffer> {
    const known = this.encoded.get(encoding);
    if (known !== undefined) return known;
    const made = encode(this.bytes, encoding);
    this.encoded.set(encoding, made);
    return made;
  }
}

/** The best encoding that `Accept-Encoding` allows. `q=0` excludes an encoding. */
export function bestEncoding(accepted: string | undefined): Encoding {
  const allowed = (accepted ?? '')
    .toLowerCase()
    .split(',')
    .map((part) => part.replaceAll(' ', ''))
    .filter((part) => !/;q=0(\.0*)?$/.test(part))
    .map((part) => part.split(';')[0]);
  if (allowed.includes('br')) return 'br';
  return allowed.includes('gzip') ? 'gzip' : 'identity';
}

function encode(bytes: Buffer, encoding: Encoding): Promise<Buffer> {
  switch (encoding) {
    case 'br':
      return promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
    case 'gzip':
      return promisify(gzip)(bytes);
    case 'identity':
      return Promise.resolve(bytes);
  }
}
