// The one catalogue of events. A type that is not here cannot be written: a draft of another type does not compile, and
// the database of every test file is compared with the catalogue at its end.
import { z } from 'zod';
import type { Product } from '../contract';
import { ACCOUNT_EVENTS, WORK_EVENTS } from './account-events';
import { DOMAIN_EVENTS } from './domain-events';
import type { EventTypeSpec } from './event-type';
import { PROXY_EVENTS, TRAFFIC_EVENTS } from './proxy-events';
import { SERVER_EVENTS } from './server-events';

const CATALOGUE = {
  ...ACCOUNT_EVENTS,
  ...WORK_EVENTS,
  ...DOMAIN_EVENTS,
  ...SERVER_EVENTS,
  ...PROXY_EVENTS,
  ...TRAFFIC_EVENTS,
} as const;

export type EventType = keyof typeof CATALOGUE;
export type EventData<T extends EventType> = z.output<(typeof CATALOGUE)[T]['data']>;

/** An event before it is written: only the fields of its type. */
export type EventDraft<T extends EventType = EventType> = {
  [K in T]: { readonly type: K; readonly subject: string; readonly data: EventData<K> };
}[T];

/** The first parts of the types that end so: `NounOf<'synced'>` is `domain`, `server` and others. */
export type NounOf<Verb extends string> = EventType extends infer T
  ? T extends `${infer Noun}.${Verb}`
    ? Noun
    : never
  : never;

export const EVENT_TYPES = Object.keys(CATALOGUE).filter((type) => isEventType(type));

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(CATALOGUE, type);
}

export function specOf(type: EventType): EventTypeSpec {
  return CATALOGUE[type];
}

/** Those that the feed of a product can have: its own, those of every product, those of the account. */
export function eventTypesOf(product: Product): EventType[] {
  const whose: readonly string[] = [product, 'every', 'account'];
  return EVENT_TYPES.filter((type) => whose.includes(specOf(type).of)).sort();
}

/**
 * What a pattern means in the feed of a product: a whole type, `domain.*` for all types that begin with `domain.`, or
 * `*` for all. Nothing: the feed has no such type.
 */
export function eventTypesLike(pattern: string, product: Product): EventType[] {
  const prefix = pattern === '*' ? '' : pattern.endsWith('.*') ? pattern.slice(0, -1) : null;
  return eventTypesOf(product).filter((type) => (prefix === null ? type === pattern : type.startsWith(prefix)));
}

/** The product in an event of this type: null for what is about the account. */
export function productIn(type: EventType, product: Product): Product | null {
  return specOf(type).of === 'account' ? null : product;
}

/** What is wrong with a written event. Null: it is as the catalogue says. */
export function faultOf({ type, product, data }: WrittenEvent): string | null {
  if (!isEventType(type)) return `${type} is not in the catalogue of events`;
  const { of, data: schema } = specOf(type);
  const isOfItsOwner = of === 'account' ? product === null : of === 'every' ? product !== null : product === of;
  if (!isOfItsOwner) return `${type} was written for ${product ?? 'no product'}`;
  const read = schema.safeParse(data);
  return read.success ? null : `${type}: ${z.prettifyError(read.error)} in ${JSON.stringify(data)}`;
}

interface WrittenEvent {
  readonly type: string;
  readonly product: string | null;
  readonly data: unknown;
}
