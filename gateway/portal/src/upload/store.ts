/** The uploads of this tab. They go on while the user looks at other pages of the portal. */
import { useSyncExternalStore } from 'react';
import { sendBatch, type Outcome } from './batch';
import { splitImages, type Item } from './files';

export interface Failure extends Item {
  reason: string;
}

export interface Uploads {
  running: boolean;
  cancelled: boolean;
  /** 0 to 1, by bytes. */
  progress: number;
  totalFiles: number;
  doneFiles: number;
  storedFiles: number;
  totalBytes: number;
  sentBytes: number;
  skippedFiles: number;
  failures: Failure[];
  /** Study Instance UIDs that were stored to. */
  studies: string[];
}

const IDLE: Uploads = {
  running: false, cancelled: false, progress: 0, totalFiles: 0, doneFiles: 0, storedFiles: 0, totalBytes: 0, sentBytes: 0,
  skippedFiles: 0, failures: [], studies: [],
};
/** Large enough for few round trips, small enough that a repeated batch costs little. */
const BATCH_BYTES = 32 * 1024 * 1024;
const BATCH_FILES = 100;
/** One batch is sent while the server stores another. */
const CONCURRENCY = 2;

let state = IDLE;
let queue: Item[] = [];
/** Replaced with every new upload, so that what is left of a cancelled one does not touch it. */
let run = { abort: new AbortController(), workers: 0 };
let settledBytes = 0;
const studies = new Set<string>();
const inFlight = new Map<symbol, number>();
const listeners = new Set<() => void>();

export function useUploads(): Uploads {
  return useSyncExternalStore(
    listener => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => state,
  );
}

/** Adds files to the running upload, or starts a new one. */
export function addFiles(items: Item[]): void {
  const { images, skipped } = splitImages(items);
  if (!state.running) {
    reset();
  }
  enqueue(images, { skippedFiles: state.skippedFiles + skipped });
}

export function cancelUpload(): void {
  run.abort.abort(new DOMException('Cancelled', 'AbortError'));
  queue = [];
  update({ running: false, cancelled: true });
}

/** Sends the failed files again. */
export function retryFailures(): void {
  const again = state.failures.map(({ file, path }) => ({ file, path }));
  if (!state.running) {
    reset();
  }
  enqueue(again, { failures: [] });
}

export function clearUpload(): void {
  if (!state.running) {
    reset();
    update({});
  }
}

function reset(): void {
  queue = [];
  run = { abort: new AbortController(), workers: 0 };
  settledBytes = 0;
  studies.clear();
  inFlight.clear();
  state = IDLE;
}

function enqueue(items: Item[], change: Partial<Uploads>): void {
  queue.push(...items);
  const bytes = items.reduce((sum, item) => sum + item.file.size, 0);
  update({ ...change, running: state.running || items.length > 0, totalFiles: state.totalFiles + items.length, totalBytes: state.totalBytes + bytes });
  while (run.workers < CONCURRENCY && queue.length > 0) {
    void work(run);
  }
}

async function work(mine: typeof run): Promise<void> {
  const { signal } = mine.abort;
  const id = Symbol('batch');
  mine.workers++;
  try {
    for (let batch = take(); batch.length > 0; batch = take()) {
      const size = batch.reduce((sum, item) => sum + item.file.size, 0);
      const outcomes = await sendBatch(batch, signal, bytes => {
        inFlight.set(id, Math.min(bytes, size));
        update({});
      }, studies);
      inFlight.delete(id);
      signal.throwIfAborted();
      settledBytes += size;
      settle(outcomes);
    }
  } catch {
    // Only cancelling ends a batch in this way; the batch's files count as not sent.
  } finally {
    mine.workers--;
    if (!signal.aborted) {
      update({ running: mine.workers > 0 || queue.length > 0 });
    }
  }
}

function take(): Item[] {
  const batch: Item[] = [];
  let bytes = 0;
  while (queue.length > 0 && batch.length < BATCH_FILES && (batch.length === 0 || bytes + queue[0]!.file.size <= BATCH_BYTES)) {
    const item = queue.shift()!;
    bytes += item.file.size;
    batch.push(item);
  }
  return batch;
}

function settle(outcomes: Outcome[]): void {
  const failures = outcomes.filter(outcome => outcome.reason !== undefined).map(({ item, reason }) => ({ ...item, reason: reason! }));
  update({
    doneFiles: state.doneFiles + outcomes.length,
    storedFiles: state.storedFiles + outcomes.length - failures.length,
    failures: [...state.failures, ...failures],
    studies: [...studies],
  });
}

function update(change: Partial<Uploads>): void {
  const sentBytes = settledBytes + [...inFlight.values()].reduce((sum, bytes) => sum + bytes, 0);
  const next = { ...state, ...change, sentBytes };
  state = { ...next, progress: next.totalBytes > 0 ? Math.min(1, sentBytes / next.totalBytes) : 0 };
  listeners.forEach(listener => listener());
}

window.addEventListener('beforeunload', event => {
  if (state.running) {
    event.preventDefault();
  }
});
