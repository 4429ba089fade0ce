/**
 * Jobs as they change.
 *
 * @typedef {{ number: number, label: string, rgb: number, voxels: string, volumeMl: number }} Segment
 * @typedef {{ label: string, probability: number }} Finding
 * @typedef {{ label: string, score: number, sopInstanceUid: string, frame: number, points: number[] }} Region
 * @typedef {{ label: string, value: number, unit: string }} Measurement
 * @typedef {{ seriesInstanceUid: string, sopInstanceUids: string[], sopClassUid: string, segments: Segment[],
 *   findings: Finding[], regions: Region[], measurements: Measurement[] }} JobResult
 * @typedef {{ name: string, state: string, progress: number, message: string, model: string, modelVersion: string,
 *   modelDisplayName: string, studyInstanceUid: string, seriesInstanceUid: string, study: string,
 *   result?: JobResult, error?: { reason: string, message: string, detail: string }, attempt: number,
 *   createTime: string, startTime?: string, endTime?: string }} Job
 */
import { get, post, stream } from './api.mjs';
import { ApiError } from './errors.mjs';

/** HTTP/1.1 gives a page six connections, which frames and lists need too: only these many jobs are streamed at once. */
const MAX_STREAMS = 2;
/** How often a job is asked for that is not streamed. */
const POLL_MS = 2_000;
const MAX_BACKOFF_MS = 15_000;

let streams = 0;

/** @param {Job} job */
export function unfinished(job) {
  return job.state === 'QUEUED' || job.state === 'RUNNING';
}

/**
 * The caller's jobs, newest first; of one study if given.
 * @param {string} [studyInstanceUid]
 * @param {string} [pageToken]
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ jobs: Job[], nextPageToken: string }>}
 */
export async function listJobs(studyInstanceUid, pageToken, signal) {
  const answer = await get('/v1/jobs', { studyInstanceUid, pageToken, pageSize: 50 }, signal);
  return { jobs: answer.jobs ?? [], nextPageToken: answer.nextPageToken ?? '' };
}

/**
 * @param {string} model
 * @param {string} studyInstanceUid
 * @param {string} seriesInstanceUid
 * @returns {Promise<Job>}
 */
export function runJob(model, studyInstanceUid, seriesInstanceUid) {
  return post('/v1/jobs', { model, studyInstanceUid, seriesInstanceUid, requestId: newId() });
}

/**
 * @param {string} name
 * @returns {Promise<Job>}
 */
export function cancelJob(name) {
  return post(`/v1/${name}:cancel`, {});
}

/**
 * Follows a job until it ends, by stream where a slot is free, else by asking; outlasts restarts of the server.
 * @param {string} name jobs/{uuid}
 * @param {(job: Job) => void} changed called with every new state, the last one included
 * @param {AbortSignal} signal stops following (not the job)
 */
export async function followJob(name, changed, signal) {
  let failures = 0;
  while (!signal.aborted) {
    try {
      const last = streams < MAX_STREAMS ? await followStream(name, changed, signal) : await ask(name, changed, signal);
      failures = 0;
      if (last && !unfinished(last)) {
        return;
      }
    } catch (error) {
      if (signal.aborted || (error instanceof ApiError && [401, 403, 404].includes(error.status))) {
        return;
      }
      failures++;
    }
    await pause(Math.min(POLL_MS * 2 ** Math.max(0, failures - 1), MAX_BACKOFF_MS), signal);
  }
}

/**
 * @param {string} name
 * @param {(job: Job) => void} changed
 * @param {AbortSignal} signal
 */
async function followStream(name, changed, signal) {
  /** @type {Job | undefined} */
  let last;
  streams++;
  try {
    for await (const job of stream(`/v1/${name}:watch`, signal)) {
      last = job;
      changed(job);
    }
  } finally {
    streams--;
  }
  return last;
}

/**
 * @param {string} name
 * @param {(job: Job) => void} changed
 * @param {AbortSignal} signal
 */
async function ask(name, changed, signal) {
  const job = /** @type {Job} */ (await get(`/v1/${name}`, {}, signal));
  changed(job);
  return job;
}

/**
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise(resolve => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

/** crypto.randomUUID exists in secure contexts only. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}
