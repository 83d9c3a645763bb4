// What was answered is held against what the database says.
import { codeOf } from './client.mjs';

/** Answers that say nothing about the request's fate. */
const SAYS_NOTHING = new Set([
  'in_progress',
  'service_unavailable',
  'internal_error',
  'rate_limited',
  'request_timeout',
]);

/** Every money request again, against the stored answer and against all that was ever answered to it. */
export async function judgeAnswers({ system, history, doors, random }) {
  const breaches = [];
  const breach = (request, detail) =>
    breaches.push({
      rule: 'every answer a customer saw is still true',
      subject: `${request.key} ${request.about.domain ?? request.path}`,
      detail,
    });
  const { rows } = await system.query(`
    SELECT i.product, i.scope, i.key, i.state, i.status, i.body, i.request_id, i.subject, o.reference,
      o.state AS order_state FROM platform.idempotency i LEFT JOIN platform.orders o ON o.id = i.subject`);
  const claims = new Map(rows.map((row) => [`${row.product} ${row.scope} ${row.key}`, row]));
  const claimOf = ({ buyer, key }) => claims.get(`${buyer.product} ${buyer.accountId} ${key}`);
  // The customer's own name for a purchase tells whether the key stands for another one.
  const isForOther = (request, claim) =>
    claim !== undefined &&
    claim.reference !== null &&
    request.about.reference !== undefined &&
    claim.reference !== request.about.reference;
  const keyed = history.requests.filter((request) => request.key !== undefined);
  for (const request of keyed) {
    const claim = claimOf(request);
    const isOther = isForOther(request, claim);
    for (const send of request.sends) {
      if (send.kind === 'unknown' && send.status === undefined) continue;
      if (send.kind === 'ok') {
        if (claim === undefined) breach(request, `answered ${send.status}, and nothing is remembered`);
        else if (isOther) breach(request, `answered ${send.status} although the key stands for ${claim.reference}`);
        else if (
          send.status !== 202 &&
          (claim.state !== 'done' || claim.status !== send.status || !claim.body.equals(send.bytes))
        )
          breach(
            request,
            `answered ${send.status} ${text(send)}, remembered is ${claim.status} ${text({ bytes: claim.body })}`,
          );
        else if (send.status === 202 && send.json?.batch_id !== undefined && send.json.batch_id !== claim.subject)
          breach(request, `accepted as ${send.json.batch_id}, remembered is ${claim.subject}`);
        else if (send.status === 202 && send.json?.order !== undefined && send.json.order.id !== claim.subject)
          breach(request, `accepted as ${send.json.order.id}, remembered is ${claim.subject}`);
      } else if (
        send.isReplay &&
        (claim === undefined || claim.status !== send.status || !claim.body.equals(send.bytes))
      )
        breach(request, `replayed ${text(send)}, remembered is ${claim?.status}`);
      else if (
        !SAYS_NOTHING.has(codeOf(send)) &&
        claim !== undefined &&
        claim.order_state !== null &&
        !isOther &&
        send.json?.error?.request_id === claim.request_id &&
        !(claim.body?.equals(send.bytes) ?? false)
      ) {
        breach(
          request,
          `refused with ${codeOf(send)} by the request that made ${claim.subject}, which is ${claim.order_state}`,
        );
      }
    }
  }
  const again = keyed.filter((request) => claimOf(request) !== undefined);
  const workers = Array.from({ length: 6 }, async () => {
    for (let request = again.pop(); request !== undefined; request = again.pop()) {
      const claim = claimOf(request);
      const isOther = isForOther(request, claim);
      let send;
      // Late answers are no wrong answers: the machine may be busy.
      for (
        let tries = 0;
        tries < 6 && (send === undefined || send.kind === 'unknown' || codeOf(send) === 'rate_limited');
        tries += 1
      ) {
        if (send !== undefined) await new Promise((resolve) => setTimeout(resolve, 300));
        send = await doors.send(request, (random.between(0, 1) + tries) % 2);
      }
      if (isOther) {
        if (codeOf(send) !== 'idempotency_key_reused')
          breach(request, `a used key was taken for another request after healing: ${send.status} ${text(send)}`);
      } else if (
        claim.state === 'done' &&
        (send.status !== claim.status || !claim.body.equals(send.bytes ?? Buffer.alloc(0)))
      )
        breach(
          request,
          `repeated after healing: ${send.status ?? send.error} ${text(send)}, remembered is ` +
            `${claim.status} ${text({ bytes: claim.body })}`,
        );
    }
  });
  await Promise.all(workers);
  return breaches;
}

function text({ bytes }) {
  return bytes?.toString().slice(0, 160) ?? '';
}
