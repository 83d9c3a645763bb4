// The documentation site as the gateway serves it: pages of `@lumi/docs-site` from its Markdown and the services' own
// OpenAPI documents. A page is made when it is first asked for, and again when a document has changed.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BASE_PATHS, PRODUCTS, type Product } from '@lumi/shared/contract';
import { GUIDES, apiOf, sitePages, type Page } from '@lumi/docs-site';
import { Asset } from './asset';

export interface SiteOptions {
  readonly documentOf: (product: Product) => string;
  /** The host of a product that is bound to hosts; undefined: it is served on all. */
  readonly hostOf: (product: Product) => string | undefined;
}

const NO_DOCUMENT_YET = 'http://127.0.0.1:8080';

export class Site {
  private readonly files: ReadonlyMap<string, Asset>;
  private readonly guides: ReadonlyMap<string, string>;
  private documents: readonly string[] = [];
  private pages: ReadonlyMap<string, () => Page> = new Map();
  private readonly made = new Map<string, Asset>();
  private version = '';

  constructor(private readonly options: SiteOptions) {
    const folder = siteFolder();
    const files = join(folder, 'public');
    this.files = new Map([
      ['/docs/site.js', new Asset('text/javascript; charset=utf-8', joined(join(files, 'scripts')))],
      ['/docs/site.css', new Asset('text/css; charset=utf-8', joined(join(files, 'styles')))],
      ['/docs/plain.css', new Asset('text/css; charset=utf-8', readFileSync(join(files, 'plain.css')))],
    ]);
    this.guides = new Map(GUIDES.map(({ name }) => [name, guideText(folder, name)]));
  }

  /** Null: there is no such page. */
  find(path: string): Asset | null {
    const file = this.files.get(path);
    if (file !== undefined) return file;
    this.readDocuments();
    const known = this.made.get(path);
    if (known !== undefined) return known;
    const make = this.pages.get(path);
    if (make === undefined) return null;
    const { type, text } = make();
    const asset = new Asset(type, Buffer.from(text, 'utf8'));
    this.made.set(path, asset);
    return asset;
  }

  /** The route table has another text when a document has changed. */
  private readDocuments(): void {
    const texts = PRODUCTS.map((product) => this.options.documentOf(product));
    if (this.pages.size > 0 && texts.every((text, i) => text === this.documents[i])) return;
    this.documents = texts;
    this.made.clear();
    const apis = new Map(
      PRODUCTS.flatMap((product, i) => {
        const text = texts[i] ?? '';
        return text === '' ? [] : [[product, apiOf(product, text)] as const];
      }),
    );
    this.version = new Asset('', Buffer.from(texts.join(''))).version;
    const [first] = apis.values();
    this.pages = sitePages({
      apis,
      guides: this.guides,
      origin: first === undefined ? NO_DOCUMENT_YET : new URL(first.url).origin,
      frame: {
        assets: {
          script: this.address('site.js'),
          style: this.address('site.css'),
          plainStyle: this.address('plain.css'),
          index: `/docs/search.json?d=${this.version}`,
        },
        references: {
          domains: this.reference('domains'),
          vps: this.reference('vps'),
          proxy: this.reference('proxy'),
        },
      },
    });
  }

  private address(name: string): string {
    return `/docs/${name}?v=${this.files.get(`/docs/${name}`)?.version ?? ''}`;
  }

  private reference(product: Product): string {
    const host = this.options.hostOf(product);
    return `${host === undefined ? '' : `//${host}`}${BASE_PATHS[product]}/docs`;
  }
}

/** One file for the browser, from all in the folder by their names. */
function joined(folder: string): Buffer {
  const names = readdirSync(folder).sort();
  return Buffer.concat(names.map((name) => readFileSync(join(folder, name))));
}

/** Some guides are files of the repository, too; in the image they are beside the others. */
function guideText(folder: string, name: string): string {
  const repository = join(folder, '..', '..');
  const places = [
    join(folder, 'pages', `${name}.md`),
    join(repository, 'docs', `${name}.md`),
    join(repository, `${name.toUpperCase()}.md`),
  ];
  const place = places.find((file) => existsSync(file));
  if (place === undefined) throw new Error(`the guide ${name} is missing`);
  return readFileSync(place, 'utf8');
}

/** Searched upwards from this file, because its depth differs between sources, compiled code and the bundle. */
function siteFolder(): string {
  for (let folder = __dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const found = [join(folder, 'packages', 'docs-site'), join(folder, 'docs-site')].find((one) =>
      existsSync(join(one, 'pages')),
    );
    if (found !== undefined) return found;
  }
  throw new Error('the pages of packages/docs-site are missing: the documentation cannot be served without them');
}
