// What the harness reads of answers. Every field may be missing: an answer can be of any operation, or an error.

export interface Answer {
  readonly id?: string;
  readonly state?: string;
  readonly status?: string;
  readonly error?: { readonly code: string; readonly request_id?: string };
  readonly items?: readonly Answer[];
  readonly next_cursor?: string | null;

  // An order, a deposit, a quote
  readonly order?: Answer;
  readonly kind?: string;
  readonly money?: { readonly captured_usd?: string };
  readonly pay_url?: string;
  readonly price_usd?: string;
  readonly problems?: readonly { readonly ref: string }[];
  readonly available_usd?: string;

  // A batch and its items
  readonly batch_id?: string;
  readonly finished_at?: string | null;
  readonly total?: number;
  readonly ok?: number;
  readonly failed?: number;
  readonly pending?: number;
  readonly retried?: number;
  readonly ref?: string;
  readonly result?: Answer;

  // What was bought
  readonly domain?: { readonly domain?: string; readonly expires_at?: string };
  readonly server?: { readonly id?: string };
  readonly proxies?: readonly Answer[];
  readonly label?: string | null;
  readonly expires_at?: string | null;
  readonly plan?: Answer;

  // How it is used
  readonly username?: string;
  readonly password?: string;
  readonly port?: number;
  readonly port_socks?: number;
  readonly gb_used?: number;
  readonly used_gb?: number;
  readonly totals?: { readonly bytes_up: number; readonly bytes_down: number };

  // A node
  readonly token?: string;
}
