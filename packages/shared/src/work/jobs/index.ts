export { defineJob, done, type JobControl, type JobDefinition, type JobOutcome } from './job';
export { startJobHost, type JobHost, type JobHostOptions } from './job-host';
export { stageJob, type StagedJob } from './outbox';
export { queueConnection, type QueueStore } from './queue';
