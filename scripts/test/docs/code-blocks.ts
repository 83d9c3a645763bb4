// The code of a Markdown page, in its order, each with the answer that the page shows behind it.

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
  /** The JSON that follows it directly. */
  readonly shown: unknown;
}

export function codeBlocks(markdown: string): readonly CodeBlock[] {
  const fence = /^```(\w+)\n([\s\S]*?)^```\n(?:\n```json\n([\s\S]*?)^```)?/gm;
  return [...markdown.matchAll(fence)].map(([, language = '', code = '', json]) => ({
    language,
    code,
    shown: json === undefined ? undefined : (JSON.parse(json) as unknown),
  }));
}

/** Where an answer lacks what is shown, or has another type there. More fields are no fault. */
export function shapeFaults(shown: unknown, got: unknown, path = ''): readonly string[] {
  if (Array.isArray(shown)) {
    if (!Array.isArray(got)) return [`${path} is no list`];
    return shown.length > 0 && got.length === 0 ? [`${path} is empty`] : [];
  }
  if (typeof shown !== 'object' || shown === null)
    return shown === null || got === null || typeof shown === typeof got ? [] : [`${path} is a ${typeof got}`];
  if (typeof got !== 'object' || got === null) return [`${path} is no object`];
  return Object.entries(shown).flatMap(([name, one]) =>
    name in got
      ? shapeFaults(one, (got as Readonly<Record<string, unknown>>)[name], `${path}.${name}`)
      : [`${path}.${name} is missing`],
  );
}
