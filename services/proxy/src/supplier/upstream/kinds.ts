// What of our catalogue the supplier sells, in its words.

export interface UpstreamKind {
  readonly type: string;
  readonly subtype: string;
}

const KINDS: Readonly<Record<string, UpstreamKind>> = {
  ipv4: { type: 'dedicated', subtype: 'default' },
  ipv4_shared: { type: 'shared', subtype: 'default' },
  isp: { type: 'dedicated', subtype: 'isp' },
};

/** Null: it has no such thing. */
export function upstreamKindOf(productId: string): UpstreamKind | null {
  return KINDS[productId] ?? null;
}
