// Text into HTML.

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign);
}

/** Leaves out what is null or empty. */
export function join(...parts: readonly (string | null | readonly (string | null)[])[]): string {
  return parts
    .flat()
    .filter((part) => part !== null && part !== '')
    .join('\n');
}
