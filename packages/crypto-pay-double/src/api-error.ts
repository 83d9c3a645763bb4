// A refusal as the real API words it: an HTTP status and an upper-case name, both repeated in the body.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly errorName: string,
  ) {
    super(errorName);
  }
}
