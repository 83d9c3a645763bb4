// Answers to a client without a network: a function in the place of fetch, which keeps what was sent.
export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body: unknown;
  readonly init: RequestInit;
}

export type Answering = (asked: Asked, index: number) => Response | Promise<Response>;

export function fakeServer(answer: Answering): { fetch: typeof fetch; asked: Asked[] } {
  const asked: Asked[] = [];
  return {
    asked,
    fetch: async (input, init = {}) => {
      const one: Asked = {
        method: init.method ?? 'GET',
        url: new URL(String(input)),
        headers: new Headers(init.headers),
        body: init.body instanceof Uint8Array ? (JSON.parse(Buffer.from(init.body).toString()) as unknown) : null,
        init,
      };
      asked.push(one);
      return answer(one, asked.length - 1);
    },
  };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers });
}

export function refusal(status: number, code: string, headers: Record<string, string> = {}): Response {
  return json(status, { error: { code, message: 'No.', request_id: 'req_1' } }, headers);
}
