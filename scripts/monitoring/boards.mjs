// What the dashboards of Grafana show. A panel is a title, a unit, and its queries with their legends.

/** @typedef {readonly [title: string, unit: string, ...queries: (readonly [expr: string, legend: string])[]]} Panel */
/** @typedef {{ readonly row: string; readonly panels: readonly Panel[] }} Row */
/** @typedef {{ readonly uid: string; readonly title: string; readonly rows: readonly Row[] }} Board */

/** @type {readonly Board[]} */
export const BOARDS = [
  {
    uid: 'lumi-overview',
    title: 'Lumi: overview',
    rows: [
      {
        row: 'What callers see',
        panels: [
          ['Requests', 'reqps', ['lumi:gateway_requests:rate5m', '{{product}}']],
          ['Answers by status', 'reqps', ['sum by (status) (rate(lumi_gateway_requests_total[5m]))', '{{status}}']],
          ['Slowest 1 % of successful answers', 's', ['lumi:gateway_request_seconds:p99_5m', '{{product}}']],
          [
            'Share of 5xx',
            'percentunit',
            ['lumi:gateway_errors:ratio5m', '5 minutes'],
            ['lumi:gateway_errors:ratio6h', '6 hours'],
          ],
          [
            'Purchases',
            'ops',
            ['sum by (product) (rate(lumi_money_steps_total{step="captured"}[5m]))', '{{product}} captured'],
            ['sum by (product) (rate(lumi_money_steps_total{step="released"}[5m]))', '{{product}} released'],
          ],
          [
            'Supplier calls without a clear end',
            'percentunit',
            ['lumi:supplier_failures:ratio10m', '{{product}} {{supplier}}'],
          ],
        ],
      },
      {
        row: 'What needs somebody',
        panels: [
          ['Purchases that wait for an operator', 'none', ['max by (product) (lumi_orders_stuck)', '{{product}}']],
          ['Operations that wait for an operator', 'none', ['max by (product) (lumi_operations_stuck)', '{{product}}']],
          ['Contradictions in the books', 'none', ['max by (product) (lumi_reconciliation_breaches)', '{{product}}']],
          ['Processes that are not ready', 'none', ['lumi_ready == 0', '{{instance}}']],
          [
            'Versions',
            'none',
            ['count by (process, version, commit) (lumi_build_info)', '{{process}} {{version}} {{commit}}'],
          ],
          [
            'Alerts',
            'none',
            ['count by (alertname) (ALERTS{alertname=~"Lumi.*", alertstate="firing"})', '{{alertname}}'],
          ],
        ],
      },
    ],
  },
  {
    uid: 'lumi-gateway',
    title: 'Lumi: gateway and services',
    rows: [
      {
        row: 'Requests',
        panels: [
          [
            'Requests by operation',
            'reqps',
            [
              'topk(15, sum by (product, operation) (rate(lumi_gateway_requests_total[5m])))',
              '{{product}} {{operation}}',
            ],
          ],
          [
            'Errors by code',
            'reqps',
            ['sum by (code) (rate(lumi_gateway_requests_total{code!="none"}[5m]))', '{{code}}'],
          ],
          [
            'Refusals by stage',
            'reqps',
            ['sum by (stage, code) (rate(lumi_gateway_refusals_total[5m]))', '{{stage}}: {{code}}'],
          ],
          [
            'Latency by operation (95 %)',
            's',
            [
              'topk(15, histogram_quantile(0.95, sum by (product, operation, le) ' +
                '(rate(lumi_gateway_request_seconds_bucket[5m]))))',
              '{{product}} {{operation}}',
            ],
          ],
          [
            'Latency in the service (95 %)',
            's',
            [
              'histogram_quantile(0.95, sum by (product, le) (rate(lumi_service_request_seconds_bucket[5m])))',
              '{{product}}',
            ],
          ],
          [
            'Requests in the services',
            'reqps',
            ['sum by (product, status) (rate(lumi_service_requests_total[5m]))', '{{product}} {{status}}'],
          ],
        ],
      },
      {
        row: 'Keys and limits',
        panels: [
          ['Look-ups of keys', 'ops', ['sum by (result) (rate(lumi_gateway_key_lookups_total[5m]))', '{{result}}']],
          [
            'Reads of keys, keys in memory',
            'none',
            ['sum by (outcome) (rate(lumi_gateway_key_reads_total[5m]))', '{{outcome}}/s'],
            ['lumi_gateway_keys_cached', '{{instance}} in memory'],
          ],
          ['Changes of keys arrive at once', 'none', ['lumi_gateway_keys_listening', '{{instance}}']],
          [
            'Decisions of limits',
            'ops',
            ['sum by (limit, decision) (rate(lumi_limit_decisions_total[5m]))', '{{limit}} {{decision}}'],
          ],
          [
            'Shared limits that failed',
            'ops',
            ['sum by (limit) (rate(lumi_limit_store_failures_total[5m]))', '{{limit}}'],
          ],
          ['Bytes of bodies in memory', 'bytes', ['lumi_gateway_body_bytes', '{{instance}}']],
        ],
      },
      {
        row: 'Services behind the gateway',
        panels: [
          [
            'Requests at services',
            'none',
            ['sum by (product, state) (lumi_gateway_upstream_requests)', '{{product}} {{state}}'],
          ],
          ['Unreachable', 'none', ['max by (product) (lumi_gateway_upstream_broken)', '{{product}}']],
          ['Operations served', 'none', ['max by (product) (lumi_gateway_operations)', '{{product}}']],
        ],
      },
    ],
  },
  {
    uid: 'lumi-money',
    title: 'Lumi: money and suppliers',
    rows: [
      {
        row: 'Money',
        panels: [
          ['Steps', 'ops', ['sum by (product, step) (rate(lumi_money_steps_total[5m]))', '{{product}} {{step}}']],
          [
            'Holds refused',
            'ops',
            ['sum by (product, reason) (rate(lumi_hold_refusals_total[5m]))', '{{product}} {{reason}}'],
          ],
          [
            'Captured, by kind',
            'ops',
            ['sum by (product, kind) (rate(lumi_money_steps_total{step="captured"}[5m]))', '{{kind}}'],
          ],
          ['Holds open, by age', 'none', ['max by (product, age) (lumi_holds_open)', '{{product}} {{age}}']],
          ['Money held', 'currencyUSD', ['max by (product) (lumi_holds_open_usd)', '{{product}}']],
          ['Purchases overdue', 'none', ['max by (product) (lumi_orders_overdue)', '{{product}}']],
        ],
      },
      {
        row: 'Suppliers',
        panels: [
          ['Calls by outcome', 'ops', ['lumi:supplier_calls:rate5m', '{{product}} {{supplier}} {{outcome}}']],
          ['Latency (95 %)', 's', ['lumi:supplier_call_seconds:p95_10m', '{{product}} {{supplier}}']],
          [
            'Latency by call (95 %)',
            's',
            [
              'histogram_quantile(0.95, sum by (product, call, le) (rate(lumi_supplier_call_seconds_bucket[5m])))',
              '{{product}} {{call}}',
            ],
          ],
        ],
      },
      {
        row: 'Books',
        panels: [
          ['Contradictions', 'none', ['max by (product) (lumi_reconciliation_breaches)', '{{product}}']],
          ['Reconciliation late', 'none', ['max by (product) (lumi_reconciliation_late)', '{{product}}']],
          ['Operations open', 'none', ['max by (product) (lumi_operations_open)', '{{product}}']],
        ],
      },
    ],
  },
  {
    uid: 'lumi-work',
    title: 'Lumi: workers and processes',
    rows: [
      {
        row: 'Queue and loops',
        panels: [
          ['Jobs in the queue', 'none', ['lumi:queue_jobs:max', '{{product}} {{state}}']],
          [
            'Jobs not yet in the queue',
            'none',
            ['max by (product) (lumi_outbox_jobs)', '{{product}}'],
            ['max by (product) (lumi_outbox_oldest_seconds)', '{{product}} oldest, seconds'],
          ],
          [
            'Runs of jobs',
            'ops',
            ['sum by (product, kind, outcome) (rate(lumi_jobs_total[5m]))', '{{product}} {{kind}} {{outcome}}'],
          ],
          [
            'Time of jobs (95 %)',
            's',
            [
              'histogram_quantile(0.95, sum by (product, kind, le) (rate(lumi_job_seconds_bucket[5m])))',
              '{{product}} {{kind}}',
            ],
          ],
          [
            'Rounds of loops that failed',
            'ops',
            ['sum by (product, loop) (rate(lumi_loop_rounds_total{outcome="failed"}[5m]))', '{{product}} {{loop}}'],
          ],
          [
            'Time of rounds (95 %)',
            's',
            [
              'histogram_quantile(0.95, sum by (product, loop, le) (rate(lumi_loop_round_seconds_bucket[5m])))',
              '{{product}} {{loop}}',
            ],
          ],
          ['Batches open', 'none', ['max by (product) (lumi_batches_open)', '{{product}}']],
          ['Items of batches open', 'none', ['max by (product) (lumi_batch_items_open)', '{{product}}']],
          ['Failed jobs that are kept', 'none', ['max by (product) (lumi_queue_failed_jobs)', '{{product}}']],
        ],
      },
      {
        row: 'Processes',
        panels: [
          ['CPU', 'percentunit', ['rate(process_cpu_seconds_total{job=~"lumi.*"}[5m])', '{{instance}}']],
          ['Memory', 'bytes', ['process_resident_memory_bytes{job=~"lumi.*"}', '{{instance}}']],
          ['Lag of the event loop (99 %)', 's', ['nodejs_eventloop_lag_p99_seconds{job=~"lumi.*"}', '{{instance}}']],
          [
            'Database connections',
            'none',
            ['sum by (instance, pool, state) (lumi_database_connections)', '{{instance}} {{pool}} {{state}}'],
            ['lumi_database_connections_max', '{{instance}} {{pool}} limit'],
          ],
          ['Statements that wait for a connection', 'none', ['lumi_database_waiting', '{{instance}} {{pool}}']],
          ['Connections of clients', 'none', ['lumi_http_connections', '{{instance}}']],
          ['Dependencies', 'none', ['lumi_dependency_up', '{{instance}} {{dependency}}']],
          ['Readings that failed', 'ops', ['sum by (metric) (rate(lumi_monitoring_failures_total[5m]))', '{{metric}}']],
          [
            'Time in garbage collection',
            'percentunit',
            ['sum by (instance) (rate(nodejs_gc_duration_seconds_sum{job=~"lumi.*"}[5m]))', '{{instance}}'],
          ],
        ],
      },
    ],
  },
];
