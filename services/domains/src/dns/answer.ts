// What an authoritative name server answers to a question (RFC 1034 §4.3.2), without the form of messages.
import { Wire } from './fields';
import { isWithin, type Labels } from './name';
import { typeOfRecord } from './record-types';
import { keyOf, type ServedRecord, type ServedZone, type ServedZones } from './served-zone';

export interface Question {
  /** In lower case. */
  readonly name: Labels;
  readonly type: number;
}

export interface Answer {
  readonly rcode: number;
  readonly isAuthoritative: boolean;
  readonly answers: readonly ServedRecord[];
  readonly authority: readonly ServedRecord[];
  readonly additional: readonly ServedRecord[];
}

const NOERROR = 0;
const NXDOMAIN = 3;
const REFUSED = 5;
const ANY = 255;
const HINFO = 13;
const CHAIN_MAX = 8;
const [A, AAAA, CNAME, DS, NS, SOA] = (['A', 'AAAA', 'CNAME', 'DS', 'NS', 'SOA'] as const).map(
  (type) => typeOfRecord(type).code,
) as [number, number, number, number, number, number];
/** RFC 8482 §4.2: instead of all types of a name. */
const HINFO_DATA = Buffer.from('\u0007RFC8482\u0000', 'latin1');
const HINFO_TTL = 3600;

export function answerOf(zones: ServedZones, question: Question): Answer {
  const zone = zones.find(question.name, question.type === DS);
  if (zone === null) return { rcode: REFUSED, isAuthoritative: false, answers: [], authority: [], additional: [] };
  const answers: ServedRecord[] = [];
  const chain = new Set<string>();
  let name = question.name;
  for (;;) {
    const step = stepOf(zone, name, question.type);
    if (step.kind === 'delegation') {
      const [authority, additional] = [step.servers, glueOf(zone, step.servers)];
      return { rcode: NOERROR, isAuthoritative: answers.length > 0, answers, authority, additional };
    }
    if (step.kind === 'absent') return { ...negative(zone, answers), rcode: NXDOMAIN };
    answers.push(...step.records);
    if (step.next === null) {
      if (step.records.length === 0) return { ...negative(zone, answers), rcode: NOERROR };
      break;
    }
    chain.add(keyOf(name));
    name = step.next;
    // The resolver goes on where the chain leaves the zone, is too long, or turns back.
    if (!isWithin(name, zone.name) || chain.has(keyOf(name)) || chain.size >= CHAIN_MAX) break;
  }
  return { rcode: NOERROR, isAuthoritative: true, answers, authority: [], additional: [] };
}

type Step =
  | { readonly kind: 'delegation'; readonly servers: readonly ServedRecord[] }
  | { readonly kind: 'absent' }
  | { readonly kind: 'records'; readonly records: readonly ServedRecord[]; readonly next: Labels | null };

function stepOf(zone: ServedZone, name: Labels, type: number): Step {
  const servers = delegationOf(zone, name, type);
  if (servers !== null) return { kind: 'delegation', servers };
  const found = zone.nodes.get(keyOf(name)) ?? wildcardOf(zone, name);
  if (found === null) return { kind: 'absent' };
  const owned = (records: readonly ServedRecord[] = []): readonly ServedRecord[] =>
    records.map((record) => ({ ...record, owner: name }));
  if (type === ANY && found.size > 0)
    return { kind: 'records', records: [{ owner: name, type: HINFO, ttl: HINFO_TTL, data: HINFO_DATA }], next: null };
  const alias = found.get(CNAME)?.[0];
  if (alias !== undefined && type !== CNAME)
    return { kind: 'records', records: owned([alias]), next: new Wire(alias.data).name() };
  return { kind: 'records', records: owned(found.get(type)), next: null };
}

/** From the zone downwards: the first name with name servers of its own. */
function delegationOf(zone: ServedZone, name: Labels, type: number): readonly ServedRecord[] | null {
  for (let length = zone.name.length + 1; length <= name.length; length += 1) {
    const cut = name.slice(name.length - length);
    const servers = zone.nodes.get(keyOf(cut))?.get(NS);
    if (servers !== undefined && !(type === DS && length === name.length)) return servers;
    if (servers !== undefined) return null;
  }
  return null;
}

/** RFC 4592 §3.3.1: below the nearest name that exists. */
function wildcardOf(zone: ServedZone, name: Labels) {
  for (let up = name.slice(1); up.length >= zone.name.length; up = up.slice(1)) {
    if (!zone.nodes.has(keyOf(up))) continue;
    return zone.nodes.get(keyOf(['*', ...up])) ?? null;
  }
  return null;
}

function glueOf(zone: ServedZone, servers: readonly ServedRecord[]): readonly ServedRecord[] {
  return servers.flatMap(({ data }) => {
    const node = zone.nodes.get(keyOf(new Wire(data).name()));
    return [...(node?.get(A) ?? []), ...(node?.get(AAAA) ?? [])];
  });
}

/** RFC 2308 §3: the SOA lives no longer than its minimum. */
function negative(zone: ServedZone, answers: readonly ServedRecord[]): Omit<Answer, 'rcode'> {
  const soa = zone.nodes.get(keyOf(zone.name))?.get(SOA) ?? [];
  const authority = soa.map((record) => ({
    ...record,
    ttl: Math.min(record.ttl, record.data.readUInt32BE(record.data.length - 4)),
  }));
  return { isAuthoritative: true, answers, authority, additional: [] };
}
