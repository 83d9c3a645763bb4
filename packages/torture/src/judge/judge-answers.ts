// What was answered is held against what the database remembers: every money request again after healing, against the
// stored answer and against all that was ever answered to it.
import { codeOf, type BuyerRequest, type GatewayClient, type History, type Send } from '../customers/client';
import type { Random } from '../random';
import type { System } from '../system/system';
import { askAgain, isForLater } from './ask-again';
import type { Breach } from './breach';

const RULE = 'every answer a customer saw is still true';
const ANSWERED = 'every money request is answered again after healing';
/** Answers that say nothing about the request's fate. */
const SAYS_NOTHING: ReadonlySet<string | undefined> = new Set([
  'in_progress',
  'service_unavailable',
  'internal_error',
  'rate_limited',
  'request_timeout',
]);
const AT_ONCE = 6;
/** For all requests together. */
const LIMIT_MS = 300_000;

/** What is remembered of an idempotency key, and the order that was made under it. */
interface Claim {
  readonly product: string;
  readonly scope: string;
  readonly key: string;
  readonly state: string;
  readonly status: number | null;
  readonly body: Buffer | null;
  readonly request_id: string;
  readonly subject: string | null;
  readonly reference: string | null;
  readonly order_state: string | null;
}

interface Judged {
  readonly system: System;
  readonly history: History;
  readonly gateways: GatewayClient;
  readonly random: Random;
}

export async function judgeAnswers({ system, history, gateways, random }: Judged): Promise<Breach[]> {
  const breaches: Breach[] = [];
  const breach = (request: BuyerRequest, detail: string | null, rule = RULE) => {
    const subject = `${request.key} ${request.about.domain ?? request.path}`;
    if (detail !== null) breaches.push({ rule, subject, detail });
  };
  const claimOf = await readClaims(system);
  const keyed = history.requests.filter(
    (request): request is BuyerRequest => request.buyer !== null && request.key !== undefined,
  );
  for (const request of keyed) {
    const claim = claimOf(request);
    for (const send of request.sends) breach(request, wrongAnswer(request, send, claim));
  }
  const again = keyed.filter((request) => claimOf(request) !== undefined);
  const endAt = performance.now() + LIMIT_MS;
  const worker = async () => {
    while (performance.now() < endAt) {
      const request = again.pop();
      const claim = request && claimOf(request);
      if (request === undefined || claim === undefined) return;
      // Late answers are no wrong answers: the machine may be busy.
      const send = await askAgain(() => gateways.send(request, random.between(0, 1)), endAt);
      if (!isForLater(send)) breach(request, wrongRepeat(request, send, claim));
      else breach(request, `the last answer was ${send.status ?? send.error} ${codeOf(send) ?? ''}`.trim(), ANSWERED);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (again.length > 0)
    breaches.push({
      rule: ANSWERED,
      subject: `${again.length} requests`,
      detail: `were not asked again: the others took ${LIMIT_MS / 1_000} s`,
    });
  return breaches;
}

async function readClaims(system: System): Promise<(request: BuyerRequest) => Claim | undefined> {
  const { rows } = await system.query<Claim>(`
    SELECT i.product, i.scope, i.key, i.state, i.status, i.body, i.request_id, i.subject, o.reference,
      o.state AS order_state FROM platform.idempotency i LEFT JOIN platform.orders o ON o.id = i.subject`);
  const claims = new Map(rows.map((row) => [`${row.product} ${row.scope} ${row.key}`, row]));
  return ({ buyer, key }) => claims.get(`${buyer.product} ${buyer.accountId} ${key}`);
}

/** The customer's own name for a purchase tells whether the key stands for another one. */
function isForOther({ about }: BuyerRequest, claim: Claim): boolean {
  return claim.reference !== null && about.reference !== undefined && claim.reference !== about.reference;
}

/** Why an answer cannot be true; null for a good one. */
function wrongAnswer(request: BuyerRequest, send: Send, claim: Claim | undefined): string | null {
  if (send.kind === 'unknown' && send.status === undefined) return null;
  if (send.kind === 'ok') return wrongSuccess(request, send, claim);
  if (send.isReplay === true)
    return claim !== undefined && isRemembered(claim, send)
      ? null
      : `replayed ${text(send.bytes)}, remembered is ${claim?.status}`;
  const isRefusedByItsMaker =
    !SAYS_NOTHING.has(codeOf(send)) &&
    claim !== undefined &&
    claim.order_state !== null &&
    !isForOther(request, claim) &&
    send.json?.error?.request_id === claim.request_id &&
    claim.body?.equals(send.bytes ?? Buffer.alloc(0)) !== true;
  return isRefusedByItsMaker
    ? `refused with ${codeOf(send)} by the request that made ${claim.subject}, which is ${claim.order_state}`
    : null;
}

function wrongSuccess(request: BuyerRequest, send: Send, claim: Claim | undefined): string | null {
  const { status, json, bytes } = send;
  if (claim === undefined) return `answered ${status}, and nothing is remembered`;
  if (isForOther(request, claim)) return `answered ${status} although the key stands for ${claim.reference}`;
  if (status !== 202)
    return claim.state === 'done' && isRemembered(claim, send)
      ? null
      : `answered ${status} ${text(bytes)}, remembered is ${claim.status} ${text(claim.body)}`;
  const accepted = json?.batch_id ?? json?.order?.id;
  return accepted === undefined || accepted === claim.subject
    ? null
    : `accepted as ${accepted}, remembered is ${claim.subject}`;
}

function wrongRepeat(request: BuyerRequest, send: Send, claim: Claim): string | null {
  if (isForOther(request, claim))
    return codeOf(send) === 'idempotency_key_reused'
      ? null
      : `a used key was taken for another request after healing: ${send.status} ${text(send.bytes)}`;
  return claim.state !== 'done' || isRemembered(claim, send)
    ? null
    : `repeated after healing: ${send.status ?? send.error} ${text(send.bytes)}, remembered is ` +
        `${claim.status} ${text(claim.body)}`;
}

function isRemembered(claim: Claim, { status, bytes }: Send): boolean {
  return claim.status === status && claim.body?.equals(bytes ?? Buffer.alloc(0)) === true;
}

function text(bytes: Buffer | null | undefined): string {
  return bytes?.toString().slice(0, 160) ?? '';
}
