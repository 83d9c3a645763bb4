// Types of a call's input and answer, read from the types that openapi-typescript makes of a document.

type Fields<Value> = [Value] extends [never] ? Record<never, never> : NonNullable<Value>;
type ParametersOf<Op> = Op extends { parameters: infer Parameters } ? Parameters : Record<never, never>;
type PathOf<Op> = ParametersOf<Op> extends { path: infer Path } ? Fields<Path> : Record<never, never>;
/** Numbers and booleans are written as text; a text that is free to be any may be given as a number. */
type Loose<Values> = { [Name in keyof Values]: string extends Values[Name] ? Values[Name] | number : Values[Name] };

/** Query parameters, without those that are options of every call. */
export type QueryOf<Op> =
  ParametersOf<Op> extends { query?: infer Query }
    ? Loose<Omit<Fields<Query>, 'user_id' | 'dry_run'>>
    : Record<never, never>;

export type BodyOf<Op> = Op extends { requestBody?: infer Request }
  ? NonNullable<Request> extends { content: { 'application/json': infer Body } }
    ? Body
    : never
  : never;

/** For the few operations that take both. @public to the generated methods */
export interface MixedOf<Op> {
  readonly query?: QueryOf<Op>;
  readonly body?: BodyOf<Op>;
}

type Part<Name extends string, Value> = [Value] extends [never]
  ? Record<never, never>
  : [keyof Value] extends [never]
    ? { readonly [Key in Name]?: Value }
    : Record<never, never> extends Value
      ? { readonly [Key in Name]?: Value }
      : { readonly [Key in Name]: Value };

/** `{path, query, body}`, each required if one of its fields is. */
export type InputOf<Op> = Part<'path', PathOf<Op>> & Part<'query', QueryOf<Op>> & Part<'body', BodyOf<Op>>;

type ContentOf<Op> = Op extends { responses: infer Responses }
  ? {
      [Status in keyof Responses]: Responses[Status] extends { content: infer Content } ? Content : never;
    }[keyof Responses]
  : never;
type JsonOf<Content> = Content extends { 'application/json': infer Json } ? Json : never;
type TextOf<Content> = Content extends unknown
  ? Exclude<keyof Content, 'application/json'> extends never
    ? never
    : string
  : never;

/** The JSON answers of an operation; text where it has no other. */
export type AnswerOf<Op> = [JsonOf<ContentOf<Op>>] extends [never] ? TextOf<ContentOf<Op>> : JsonOf<ContentOf<Op>>;
/** JSON, or text in the format that was asked for. */
export type TextAnswerOf<Op> = JsonOf<ContentOf<Op>> | TextOf<ContentOf<Op>>;

interface Rehearsal {
  readonly dry_run: true;
}
/** The answer to a dry run; a bulk's has the form of its result. @public to the generated methods */
export type RehearsalOf<Op> = [Extract<AnswerOf<Op>, Rehearsal>] extends [never]
  ? AnswerOf<Op>
  : Extract<AnswerOf<Op>, Rehearsal>;
/** The answers to what is not a dry run. @public to the generated methods */
export type PlainAnswerOf<Op> = Exclude<AnswerOf<Op>, Rehearsal>;

/** One item of the pages of a list. */
export type ItemOf<Op> = JsonOf<ContentOf<Op>> extends { items: readonly (infer Item)[] } ? Item : never;
