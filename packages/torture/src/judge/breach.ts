// Something that must never be and was: which rule, what it is about, and how it shows.
export interface Breach {
  readonly rule: string;
  readonly subject: string;
  readonly detail: string;
}
