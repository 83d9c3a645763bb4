// The functions of the platform, and what each of their parameters is filled with.
import type { Product } from '../../../ground/contract';
import { ROLES, type Role } from '../roles';
import { owner } from './everything-of-each-product';

/** The value of a parameter. With it the call would change `victim`'s rows if it were allowed. */
export function argument(name: string, type: string, fn: string, victim: Product): unknown {
  const isDeposit = fn.startsWith('deposit_') || fn.startsWith('sandbox_');
  switch (name) {
    case 'p_product':
      return victim;
    case 'p_account_id':
      return `usr_${victim}`;
    case 'p_key_id':
      return `key_${victim}`;
    case 'p_lineage_id':
      return `lin_${victim}`;
    case 'p_order_id':
      return fn === 'purchase_begin' ? 'ord_new' : `ord_${victim}`;
    case 'p_batch_id':
      return fn === 'batch_create' ? 'bat_new' : fn === 'purchase_begin' ? null : `bat_${victim}`;
    case 'p_webhook_id':
      return fn === 'webhook_create' ? 'whk_new' : `whk_${victim}`;
    case 'p_delivery_id':
      return `dlv_${victim}`;
    case 'p_batch_item':
      return null;
    case 'p_operation_id':
      return `op_${victim}`;
    case 'p_deposit_id':
      return `dep2_${victim}`;
    case 'p_id':
      return isDeposit
        ? fn === 'deposit_begin'
          ? 'dep_new'
          : ['deposit_open', 'deposit_fail'].includes(fn)
            ? `dep_${victim}`
            : `dep2_${victim}`
        : fn === 'operation_start' || fn === 'create_account' || fn === 'key_issue'
          ? 'op_new'
          : fn.startsWith('key_')
            ? `key_${victim}`
            : `op_${victim}`;
    case 'p_ids':
      return type === 'bigint[]' ? '{1,2,3,4,5,6,7,8,9}' : `{key_${victim}}`;
    case 'p_resources':
      return `{res_${victim}}`;
    case 'p_resource':
      return `res_${victim}`;
    case 'p_noun':
      return 'thing';
    case 'p_scope':
      return fn.startsWith('reconciliation_') ? victim : `usr_${victim}`;
    case 'p_idem_scope':
      return `usr_${victim}`;
    case 'p_key':
      return fn === 'finish_claim' ? `order-${victim}` : 'taken-by-another';
    case 'p_idem_key':
      return 'taken-by-another';
    case 'p_token':
      return `token-${victim}`;
    case 'p_provider':
      return 'sandbox';
    case 'p_provider_invoice_id':
      return fn === 'deposit_open' ? 'inv_stolen' : `inv_${victim}`;
    case 'p_attempt':
      return 1;
    case 'p_state':
      return fn === 'purchase_postpone' ? 'acting' : fn === 'deposit_close' ? 'expired' : 'pending';
    case 'p_term':
      return '2030-01-01T00:00:00Z';
    case 'p_kind':
    case 'p_subject':
    case 'p_step':
    case 'p_reason':
    case 'p_description':
    case 'p_failure':
    case 'p_name':
    case 'p_form':
    case 'p_prefix':
    case 'p_location':
    case 'p_transfer_id':
    case 'p_event_id':
    case 'p_request_id':
    case 'p_pay_url':
    case 'p_new_id':
    case 'p_url':
    case 'p_worker':
    case 'p_test_body':
    case 'p_type':
    case 'p_problem':
      return (
        ({ p_form: 'queued', p_type: 'operator' } as Readonly<Record<string, string>>)[name] ?? `${name}-${victim}`
      );
    case 'p_on_error':
      return 'continue';
    case 'p_consumer':
      return 'erp';
    case 'p_actor':
      return 'operator';
    case 'p_address':
      return '192.0.2.1';
    case 'p_acts':
      return JSON.stringify([{ action: 'key.issue', subject: `key_${victim}`, account_id: `usr_${victim}` }]);
    case 'p_priority':
      return 'dearest';
    case 'p_signing':
      return 'none';
    case 'p_refusal_code':
    case 'p_refusal_text':
    case 'p_supplier_ref':
    case 'p_error_code':
    case 'p_error_text':
    case 'p_lock_key':
    case 'p_reference':
    case 'p_asset':
    case 'p_return_url':
    case 'p_metadata':
    case 'p_codes':
    case 'p_tags':
    case 'p_max_total':
    case 'p_default_cap':
    case 'p_daily_cap':
    case 'p_monthly_cap':
    case 'p_max_price':
    case 'p_signing_secret':
    case 'p_expires_at':
    case 'p_idempotency_key':
    case 'p_paid_asset':
    case 'p_paid_amount':
    case 'p_fee_asset':
    case 'p_fee_amount':
    case 'p_regular_per_minute':
    case 'p_money_per_minute':
    case 'p_result':
    case 'p_events':
      return null;
    default:
  }
  const byType: Readonly<Record<string, unknown>> = {
    boolean: ['p_operator', 'p_dry_run', 'p_stuck', 'p_has_failed', 'p_sets_expiry', 'p_forget'].includes(name)
      ? false
      : true,
    integer: 500,
    bigint: 1000,
    bytea: Buffer.from('x'),
    'timestamp with time zone': '2031-01-01T00:00:00Z',
    'text[]': '{}',
    'integer[]': '{0,5}',
    jsonb: ['p_items', 'p_rows', 'p_reports', 'p_breaches', 'p_results'].includes(name) ? '[]' : '{}',
  };
  if (byType[type] === undefined)
    throw new Error(
      `${fn} has a parameter ${name} (${type}) that this test cannot fill; say in \`argument\` what it means`,
    );
  return byType[type];
}

interface Fn {
  readonly oid: number;
  readonly name: string;
  readonly names: readonly string[];
  readonly types: readonly string[];
  readonly callers: readonly Role[];
}

export async function functions(): Promise<readonly Fn[]> {
  const { rows } = await owner.query<Fn>(
    `
    SELECT p.oid::int AS oid, p.proname AS name, coalesce(p.proargnames[1:p.pronargs], '{}') AS names,
      ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS x(t, n) ORDER BY n) AS types,
      ARRAY(SELECT r FROM unnest($1::text[]) AS r WHERE has_function_privilege(r, p.oid, 'EXECUTE')) AS callers
    FROM pg_proc p WHERE p.pronamespace = 'platform'::regnamespace AND p.prosecdef
      AND p.prorettype <> 'trigger'::regtype ORDER BY 2`,
    [ROLES],
  );
  return rows;
}
