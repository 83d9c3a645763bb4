// Marks the parts of code by classes. The package is loaded without its types: they bring those of browsers into every
// file of the compilation, where `document` would then compile.

interface Highlighter {
  registerLanguage(name: string, grammar: unknown): void;
  getLanguage(name: string): unknown;
  highlight(code: string, options: { readonly language: string }): { readonly value: string };
}

const core = require('highlight.js/lib/core') as Highlighter;

core.registerLanguage('sh', require('highlight.js/lib/languages/bash'));
core.registerLanguage('python', require('highlight.js/lib/languages/python'));
core.registerLanguage('ts', require('highlight.js/lib/languages/typescript'));
core.registerLanguage('json', require('highlight.js/lib/languages/json'));
core.registerLanguage('http', require('highlight.js/lib/languages/http'));

export function hasGrammar(language: string): boolean {
  return core.getLanguage(language) !== undefined;
}

/** Half of the elements of a page would be commas and brackets. */
const PUNCTUATION = /<span class="hljs-punctuation">([^<]*)<\/span>/g;

/** The code as HTML. */
export function marksOf(language: string, code: string): string {
  return core.highlight(code, { language }).value.replace(PUNCTUATION, '$1');
}
