// A word of presentation format, and where it was written.
export interface Word {
  /** As written, quotes included. */
  readonly raw: string;
  readonly line: number;
  readonly column: number;
}
