// What a change makes of the records of a zone: pure, so that the same code decides a rehearsal and the change itself.
import type { ErrorDetail } from '@lumi/shared/contract';
import { readContent } from '../dns/content';
import { RecordFault } from '../dns/fault';
import { isWithin, readLabels, writeRelative, type Labels } from '../dns/name';
import { isRecordType, type RecordType } from '../dns/record-types';
import { TTL_DEFAULT, faultsOfZone, ttlRefusal } from '../dns/zone-limits';
import { isSame, keyOf } from './diff';
import type { StoredRecord } from './zone-row';

export interface RecordInput {
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly ttl?: number | undefined;
  readonly comment?: string | null | undefined;
  readonly disabled?: boolean | undefined;
}

export interface RecordPatch {
  readonly id: string;
  readonly name?: string | undefined;
  readonly content?: string | undefined;
  readonly ttl?: number | undefined;
  readonly comment?: string | null | undefined;
  readonly disabled?: boolean | undefined;
}

export interface SetInput {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number | undefined;
  /** Empty: the set is deleted. */
  readonly values: readonly string[];
}

export interface ChangeInput {
  readonly deletes?: readonly string[] | undefined;
  readonly updates?: readonly RecordPatch[] | undefined;
  readonly rrsets?: readonly SetInput[] | undefined;
  readonly creates?: readonly RecordInput[] | undefined;
}

export interface Applied {
  readonly next: readonly StoredRecord[];
  readonly faults: readonly ErrorDetail[];
}

interface Place {
  readonly path: string;
  /** What its message begins with. */
  readonly before: string;
}

const FAULTS_MAX = 50;

/** Deletes come first, then updates, sets and new records, each in the order of its list. */
export class ZoneDraft {
  private readonly records: Map<string, StoredRecord>;
  private readonly faults: ErrorDetail[] = [];
  /** Where in the request a record was written, for what is wrong with it. */
  private readonly places = new Map<string, Place>();
  private keys: ReadonlySet<string> | null = null;

  constructor(
    before: readonly StoredRecord[],
    private readonly zone: Labels,
    private readonly newRecordId: () => string,
    private readonly now: string,
  ) {
    this.records = new Map(before.map((record) => [record.id, record]));
  }

  apply({ deletes = [], updates = [], rrsets = [], creates = [] }: ChangeInput, at = ''): this {
    deletes.forEach((id, i) => {
      if (!this.records.delete(id)) this.refuse(`${at}deletes.${String(i)}`, 'is no record of this zone');
    });
    updates.forEach((patch, i) => {
      this.update(patch, `${at}updates.${String(i)}`);
    });
    rrsets.forEach((set, i) => {
      this.replaceSet(set, `${at}rrsets.${String(i)}`);
    });
    creates.forEach((input, i) => {
      this.create(input, `${at}creates.${String(i)}`);
    });
    return this;
  }

  create(input: RecordInput, path: string): void {
    const inner = path === '' ? '' : `${path}.`;
    const name = this.nameOf(input.name, `${inner}name`);
    const type = this.typeOf(input.type, `${inner}type`);
    if (name === null || type === null) return;
    const content = this.contentOf(type, input.content, `${inner}content`);
    const ttl = this.ttlOf(input.ttl, name, type, `${inner}ttl`);
    if (content === null || ttl === null) return;
    const id = this.newRecordId();
    this.put(
      {
        id,
        name,
        type,
        content,
        ttl,
        comment: input.comment ?? null,
        disabled: input.disabled ?? false,
        created_at: this.now,
        updated_at: this.now,
      },
      path,
    );
    if (input.ttl !== undefined) this.setTtl(name, type, ttl);
  }

  update(patch: RecordPatch, path: string): void {
    const before = this.records.get(patch.id);
    if (before === undefined) {
      this.refuse(path === '' ? 'id' : `${path}.id`, 'is no record of this zone');
      return;
    }
    const inner = path === '' ? '' : `${path}.`;
    const name = patch.name === undefined ? before.name : this.nameOf(patch.name, `${inner}name`);
    const content =
      patch.content === undefined ? before.content : this.contentOf(before.type, patch.content, `${inner}content`);
    if (name === null || content === null) return;
    const ttl =
      patch.ttl === undefined && name === before.name
        ? before.ttl
        : this.ttlOf(patch.ttl, name, before.type, `${inner}ttl`);
    if (ttl === null) return;
    const after = {
      ...before,
      name,
      content,
      ttl,
      comment: patch.comment === undefined ? before.comment : patch.comment,
      disabled: patch.disabled ?? before.disabled,
    };
    this.put(isSame(before, after) ? before : { ...after, updated_at: this.now }, path);
    if (patch.ttl !== undefined) this.setTtl(name, before.type, ttl);
  }

  /** Records whose content stays keep their ids, comments and whether they are disabled. */
  replaceSet(set: SetInput, path: string): void {
    const inner = path === '' ? '' : `${path}.`;
    const name = this.nameOf(set.name, `${inner}name`);
    const type = this.typeOf(set.type, `${inner}type`);
    if (name === null || type === null) return;
    const ttl = this.ttlOf(set.ttl, name, type, `${inner}ttl`);
    const contents = set.values.map((value, i) => this.contentOf(type, value, `${inner}values.${String(i)}`));
    if (ttl === null) return;
    const kept = new Map<string, StoredRecord>();
    for (const record of this.records.values())
      if (record.name === name && record.type === type) kept.set(record.content, record);
    for (const [content, record] of kept) if (!contents.includes(content)) this.records.delete(record.id);
    contents.forEach((content, i) => {
      if (content === null) return;
      const at = `${inner}values.${String(i)}`;
      if (contents.indexOf(content) !== i) this.refuse(at, 'is in the list twice');
      else if (!kept.has(content)) this.createRead({ name, type, content, ttl }, at);
    });
    this.setTtl(name, type, ttl);
  }

  /** A record that is read already: of a zone file, or of a set. */
  createRead(
    { name, type, content, ttl }: { name: string; type: RecordType; content: string; ttl: number },
    path: string,
    before = '',
  ): void {
    const times = { created_at: this.now, updated_at: this.now };
    const record = { id: this.newRecordId(), name, type, content, ttl, comment: null, disabled: false, ...times };
    this.put(record, path, before);
  }

  setTtl(name: string, type: RecordType, ttl: number): void {
    for (const [id, record] of this.records)
      if (record.name === name && record.type === type && record.ttl !== ttl)
        this.records.set(id, { ...record, ttl, updated_at: this.now });
  }

  /** By the name and type of each set. */
  setTtls(ttls: ReadonlyMap<string, number>): void {
    for (const [id, record] of this.records) {
      const ttl = ttls.get(`${record.name} ${record.type}`);
      if (ttl !== undefined && ttl !== record.ttl) this.records.set(id, { ...record, ttl, updated_at: this.now });
    }
  }

  /** The other records are deleted. A key is name, type and content. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [id, record] of this.records) if (!keys.has(keyOf(record))) this.records.delete(id);
    this.keys = null;
  }

  /** Whether a record of this name, type and content was there before the drafted ones. */
  has(key: string): boolean {
    this.keys ??= new Set([...this.records.values()].map(keyOf));
    return this.keys.has(key);
  }

  refuse(path: string, message: string): void {
    if (!this.faults.some((one) => one.path === path && one.message === message)) this.faults.push({ path, message });
  }

  nameOf(text: string, path: string): string | null {
    return this.attempt(path, () => {
      const labels = readLabels(text, this.zone);
      if (!isWithin(labels, this.zone)) throw new RecordFault('is not in the zone');
      if (labels.slice(1).includes('*')) throw new RecordFault('has a * that is not its first label');
      return writeRelative(labels, this.zone);
    });
  }

  done(): Applied {
    const next = [...this.records.values()];
    if (this.faults.length === 0)
      for (const { record, message } of faultsOfZone(next)) {
        const place = record === undefined ? undefined : (this.places.get(record.id) ?? this.placeOfNeighbour(record));
        this.refuse(place?.path ?? '', `${place?.before ?? ''}${message}`);
      }
    return { next, faults: this.faults.slice(0, FAULTS_MAX) };
  }

  /** A record that was there before is at fault because of one of its name that came. */
  private placeOfNeighbour({ name }: StoredRecord): Place | undefined {
    for (const [id, place] of this.places) if (this.records.get(id)?.name === name) return place;
    return undefined;
  }

  private put(record: StoredRecord, path: string, before = ''): void {
    this.records.set(record.id, record);
    this.places.set(record.id, { path, before });
  }

  private typeOf(text: string, path: string): RecordType | null {
    const type = text.toUpperCase();
    if (isRecordType(type)) return type;
    this.refuse(path, type === 'SOA' ? 'is ours; SOA cannot be changed' : 'is no type that a zone here can have');
    return null;
  }

  private contentOf(type: RecordType, text: string, path: string): string | null {
    return this.attempt(path, () => readContent(type, text, this.zone).text);
  }

  /** RFC 2181 §5.2: the records of one name and type have one TTL. */
  private ttlOf(ttl: number | undefined, name: string, type: RecordType, path: string): number | null {
    if (ttl === undefined) {
      for (const record of this.records.values()) if (record.name === name && record.type === type) return record.ttl;
      return TTL_DEFAULT;
    }
    const refusal = ttlRefusal(ttl);
    if (refusal === null) return ttl;
    this.refuse(path, refusal);
    return null;
  }

  private attempt(path: string, read: () => string): string | null {
    try {
      return read();
    } catch (err) {
      if (!(err instanceof RecordFault)) throw err;
      this.refuse(path, err.message);
      return null;
    }
  }
}
