export { startTracing, type TracedProcess } from './start-tracing';
export { tracePool } from './traced-pool';
export {
  asPart,
  beginPart,
  beginTrace,
  follow,
  joinTrace,
  linkTo,
  nameOf,
  resumed,
  within,
  type Span,
  type SpanCounter,
} from './tracing';
