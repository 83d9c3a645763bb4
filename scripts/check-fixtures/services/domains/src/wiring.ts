export interface Wired {
  readonly name: string;
}
