// What the traffic of a run is bought with: plans, a sub-user of each, and static proxies, ordered through the gateways
// as customers do.
import { unremembered } from '../customers/client';
import type { Answer } from '../customers/answer';
import type { Buyer } from '../system/accounts';
import { soon, STEP_LIMIT_MS } from '../waiting';
import type { TrafficParts } from './parts';

export type SubjectKind = 'plan' | 'sub-user' | 'proxy';

/** Whose traffic it is: it has credentials, entries and a bill of its own. */
export interface Subject {
  readonly id: string;
  readonly kind: SubjectKind;
  username: string;
  password: string;
  readonly httpPort: number;
  readonly socksPort: number;
  /** In bytes; null: it is not metered. */
  readonly limit: number | null;
}

const BYTES_PER_GB = 1_000_000_000;
const PLAN_GB = 2;
const PLANS = 2;
const STATIC = 2;
/** Of the first sub-user: traffic of a run uses it up. */
const SMALL_QUOTA = 24_000_000;
/** So that it is used up over many exchanges. */
const SMALL_MBPS = 24;
const PATHS: Readonly<Record<SubjectKind, string>> = {
  plan: '/traffic-plans',
  'sub-user': '/subusers',
  proxy: '/proxies',
};

export async function buySubjects(run: TrafficParts, buyer: Buyer): Promise<Subject[]> {
  const { customers, history, missed } = run;
  const buy = async (path: string, body: object): Promise<Answer> => {
    const request = history.request({ buyer, path, body, key: customers.key(), about: { what: 'buy' } });
    const { status, json } = await customers.untilAnswered(request, (what) => missed.push(what));
    if (status !== 201 || json === null || json === undefined) throw new Error(`${path} answered ${status}`);
    return json;
  };
  const subjects: Subject[] = [];
  for (let i = 0; i < PLANS; i += 1) {
    const { plan } = await buy('/traffic-plans', { pool: 'residential', gb: PLAN_GB });
    const planId = plan?.id ?? '';
    const isSmall = i === 0;
    const speed = isSmall ? { bandwidth_mbps: SMALL_MBPS } : {};
    const user = await create(run, buyer, { traffic_plan_id: planId, limit_gb: 1, ...speed });
    const limit = isSmall ? SMALL_QUOTA : BYTES_PER_GB;
    await shrink(run, user.id ?? '', limit);
    const shown = await reveal(run, buyer, 'plan', planId);
    subjects.push(subjectOf('plan', shown, PLAN_GB * BYTES_PER_GB - limit));
    const entries = { port: shown.port ?? 0, port_socks: shown.port_socks ?? 0 };
    subjects.push(subjectOf('sub-user', { ...user, ...entries }, limit));
  }
  const items = [{ country: 'XA', quantity: STATIC }];
  const { proxies = [] } = await buy('/orders', { product_id: 'ipv4', items, period_days: 30 });
  for (const { id = '' } of proxies) subjects.push(subjectOf('proxy', await reveal(run, buyer, 'proxy', id), null));
  return subjects;
}

/** What the API shows as used, in bytes: by its hours, and by the plan or sub-user itself. */
export interface Used {
  readonly byHours: number;
  /** Null for a static proxy, which says nothing of it. */
  readonly byItself: number | null;
}

/** Undefined: no answer. */
export async function usedBy(
  run: Pick<TrafficParts, 'gateways'>,
  buyer: Buyer,
  subject: Subject,
): Promise<Used | undefined> {
  const { id, kind } = subject;
  const totals = (await look(run, buyer, `/usage?subject=${id}`))?.totals;
  if (totals === undefined) return undefined;
  const byHours = totals.bytes_up + totals.bytes_down;
  if (kind === 'proxy') return { byHours, byItself: null };
  const shown = await look(run, buyer, `${PATHS[kind]}/${id}`);
  const used = shown?.gb_used ?? shown?.used_gb;
  return used === undefined ? undefined : { byHours, byItself: Math.round(used * BYTES_PER_GB) };
}

async function look(
  { gateways }: Pick<TrafficParts, 'gateways'>,
  buyer: Buyer,
  path: string,
): Promise<Answer | undefined> {
  const { status, json } = await gateways.send(unremembered({ buyer, method: 'GET', path }), 0);
  return status === 200 && json != null ? json : undefined;
}

/** Makes its password another one; the old pair ends at once. */
export async function changePassword({ gateways }: Pick<TrafficParts, 'gateways'>, buyer: Buyer, subject: Subject) {
  const path = `${PATHS[subject.kind]}/${subject.id}/credentials`;
  const request = unremembered({ buyer, method: 'PUT', path, body: { grace_s: 0 } });
  const { status, json } = await gateways.send(request, 0);
  if (status !== 200 || json?.password === undefined) throw new Error(`${path} answered ${status}`);
  subject.password = json.password;
}

async function create({ gateways }: TrafficParts, buyer: Buyer, body: object): Promise<Answer> {
  const { status, json } = await gateways.send(unremembered({ buyer, path: '/subusers', body }), 0);
  if (status !== 201 || json?.id === undefined) throw new Error(`/subusers answered ${status}`);
  return json;
}

/** Gigabytes are more than a run should send: the limit becomes so many bytes, at the sub-user and at its plan. */
async function shrink({ system }: TrafficParts, id: string, bytes: number): Promise<void> {
  await system.query(
    `WITH small AS (UPDATE proxy.subuser SET bytes_limit = $2 WHERE id = $1 RETURNING plan_id)
      UPDATE proxy.traffic_plan p SET bytes_allocated = $2 FROM small WHERE p.id = small.plan_id`,
    [id, bytes],
  );
}

async function reveal(run: TrafficParts, buyer: Buyer, kind: SubjectKind, id: string): Promise<Answer> {
  const path = `${PATHS[kind]}/${id}?reveal=1`;
  const shown = await soon(() => look(run, buyer, path), STEP_LIMIT_MS);
  if (shown === undefined) throw new Error(`${path} was not answered`);
  return shown;
}

function subjectOf(kind: SubjectKind, shown: Answer, limit: number | null): Subject {
  const { id, username, password, port = 0, port_socks: socksPort = 0 } = shown;
  if (id === undefined || username === undefined || password === undefined) throw new Error(`a ${kind} has no pair`);
  return { id, kind, username, password, httpPort: port, socksPort, limit };
}
