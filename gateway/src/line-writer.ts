// Writes log lines in batches. Writing to a pipe is a blocking system call in Node; one per request would cost more
// than all else the gateway does. The buffer is bounded: when the reader stops reading, lines are dropped, and a line
// says how many.
const FLUSH_MS = 20;
const BATCH_CHARS = 32_768;
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024;

export class LineWriter {
  private batch = '';
  private timer: NodeJS.Timeout | null = null;
  private dropped = 0;

  constructor(private readonly stream: NodeJS.WritableStream & { readonly writableLength?: number }) {}

  write(line: string): void {
    this.batch += line;
    if (this.batch.length >= BATCH_CHARS) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }

  flush(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const batch = this.batch;
    this.batch = '';
    if (batch === '') return;
    if ((this.stream.writableLength ?? 0) > BACKLOG_BYTES_MAX) {
      this.dropped += batch.split('\n').length - 1;
      return;
    }
    if (this.dropped > 0) {
      this.stream.write(
        '{"level":"warn","message":"access log lines were ' +
          `dropped","process":"gateway","count":${String(this.dropped)}}\n`,
      );
      this.dropped = 0;
    }
    this.stream.write(batch);
  }
}
