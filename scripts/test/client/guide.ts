// The TypeScript examples of docs/client.md, as the one program that they are.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export function guideProgram(): string {
  const text = readFileSync(join(__dirname, '..', '..', '..', 'docs', 'client.md'), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code).join('\n');
}
