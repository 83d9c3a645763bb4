// The fields of which the data of records consist: how each is read from words, and written again from the wire.
import { bytesOfIpv4, bytesOfIpv6, writeIpv4, writeIpv6 } from './addresses';
import { STRING_MAX, bytesOfWord, wireOfString, writeString } from './char-string';
import { RecordFault } from './fault';
import { readLabels, wireOfName, writeName, type Labels } from './name';
import type { Word } from './word';

/** Reads words from the first to the last. */
export class Words {
  private at = 0;
  constructor(
    private readonly words: readonly Word[],
    readonly origin: Labels,
  ) {}

  next(what: string): Word {
    const word = this.words[this.at];
    if (word === undefined) throw new RecordFault(`is too short: ${what} is missing`, this.words.at(-1));
    this.at += 1;
    return word;
  }

  rest(): readonly Word[] {
    const rest = this.words.slice(this.at);
    this.at = this.words.length;
    return rest;
  }

  end(): void {
    const word = this.words[this.at];
    if (word !== undefined) throw new RecordFault('has more words than this type has', word);
  }
}

/** Reads our own wire format; every length in it was written by this room. */
export class Wire {
  private at = 0;
  constructor(private readonly bytes: Buffer) {}

  take(length: number): Buffer {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  number(size: number): number {
    return this.take(size).readUIntBE(0, size);
  }

  string(): Buffer {
    return this.take(this.number(1));
  }

  name(): Labels {
    const labels: string[] = [];
    for (let label = this.string(); label.length > 0; label = this.string()) labels.push(label.toString('latin1'));
    return labels;
  }

  rest(): Buffer {
    return this.take(this.bytes.length - this.at);
  }

  isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }
}

export interface Field {
  read(words: Words): Buffer;
  write(wire: Wire): string;
}

export function number(what: string, size: 1 | 2 | 4, fits: (value: number) => string | null = () => null): Field {
  const max = 2 ** (8 * size) - 1;
  return {
    read: (words) => {
      const word = words.next(what);
      const value = /^\d{1,10}$/.test(word.raw) ? Number(word.raw) : Number.NaN;
      if (!(value <= max)) throw new RecordFault(`has no ${what} from 0 to ${String(max)}`, word);
      const refusal = fits(value);
      if (refusal !== null) throw new RecordFault(`has a ${what} that ${refusal}`, word);
      const bytes = Buffer.alloc(size);
      bytes.writeUIntBE(value, 0, size);
      return bytes;
    },
    write: (wire) => String(wire.number(size)),
  };
}

export function name(what: string): Field {
  return {
    read: (words) => {
      const word = words.next(what);
      return wireOfName(readLabels(word.raw, words.origin, word));
    },
    write: (wire) => writeName(wire.name()),
  };
}

export const ipv4: Field = {
  read: (words) => {
    const word = words.next('the address');
    return bytesOfIpv4(word.raw, word);
  },
  write: (wire) => writeIpv4(wire.take(4)),
};

export const ipv6: Field = {
  read: (words) => {
    const word = words.next('the address');
    return bytesOfIpv6(word.raw, word);
  },
  write: (wire) => writeIpv6(wire.take(16)),
};

export function string(what: string, fits: (bytes: Buffer) => string | null = () => null): Field {
  return {
    read: (words) => {
      const word = words.next(what);
      const bytes = bytesOfWord(word);
      const refusal = fits(bytes);
      if (refusal !== null) throw new RecordFault(`has a ${what} that ${refusal}`, word);
      return wireOfString(bytes, word);
    },
    write: (wire) => writeString(wire.string()),
  };
}

/** One string or more; longer ones are split. */
export const strings: Field = {
  read: (words) => {
    const rest = words.rest();
    if (rest.length === 0) throw new RecordFault('must hold text');
    return Buffer.concat(rest.flatMap((word) => piecesOf(bytesOfWord(word)).map((piece) => wireOfString(piece))));
  },
  write: (wire) => {
    const texts: string[] = [];
    while (!wire.isAtEnd()) texts.push(writeString(wire.string()));
    return texts.join(' ');
  },
};

function piecesOf(bytes: Buffer): readonly Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += STRING_MAX) pieces.push(bytes.subarray(at, at + STRING_MAX));
  return pieces;
}

/** Hexadecimal digits to the end; blanks between them are allowed. */
export const hex: Field = {
  read: (words) => {
    const rest = words.rest();
    const text = rest.map(({ raw }) => raw).join('');
    if (!/^([0-9a-fA-F]{2})+$/.test(text))
      throw new RecordFault('must end in an even number of hexadecimal digits', rest[0]);
    return Buffer.from(text, 'hex');
  },
  write: (wire) => wire.rest().toString('hex'),
};

/** The rest of the data as one string without a length (the value of CAA, RFC 8659 §4.1). */
export const longString: Field = {
  read: (words) => bytesOfWord(words.next('the value')),
  write: (wire) => writeString(wire.rest()),
};
