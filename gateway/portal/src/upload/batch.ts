/** Sends a batch of files and tells for each what became of it. */
import { describe } from '../../../ohif/lib/errors.mjs';
import type { Item } from './files';
import { sopInstanceUid } from './part10';
import { stow, StowError, type StowAnswer } from './stow';

export interface Outcome {
  item: Item;
  /** Why it was not stored; undefined when it was. */
  reason?: string;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 1_000;

/**
 * @param sent bytes of this batch that are on their way, may fall back when a request is repeated
 * @param studies receives the Study Instance UIDs that were stored to
 */
export async function sendBatch(items: Item[], signal: AbortSignal, sent: (bytes: number) => void, studies: Set<string>): Promise<Outcome[]> {
  let answer: StowAnswer;
  try {
    answer = await persist(items, signal, sent);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof StowError && !error.retryable && items.length > 1) {
      return alone(items, signal, sent, studies);
    }
    const reason = error instanceof StowError && error.status === 413 ? 'It is larger than the server accepts.' : wording(error);
    return items.map(item => ({ item, reason }));
  }
  answer.studies.forEach(study => studies.add(study));
  if (answer.failed.size === 0 && answer.anonymous.length === 0) {
    return items.map(item => ({ item }));
  }
  if (items.length === 1) {
    return [{ item: items[0]!, reason: [...answer.failed.values(), ...answer.anonymous][0] }];
  }
  return match(items, answer, signal, sent, studies);
}

/** Answers name instances, not files. Files whose instance is unknown or ambiguous are sent again one by one: storing is idempotent. */
async function match(items: Item[], answer: StowAnswer, signal: AbortSignal, sent: (bytes: number) => void, studies: Set<string>) {
  const uids = await Promise.all(items.map(item => sopInstanceUid(item.file).catch(() => '')));
  const outcomes: Outcome[] = [];
  const unclear: Item[] = [];
  items.forEach((item, index) => {
    const uid = uids[index]!;
    const failed = answer.failed.get(uid);
    const stored = answer.stored.has(uid);
    const unique = uids.indexOf(uid) === uids.lastIndexOf(uid);
    if (uid && unique && (failed !== undefined) !== stored) {
      outcomes.push({ item, reason: failed });
    } else {
      unclear.push(item);
    }
  });
  return [...outcomes, ...(await alone(unclear, signal, sent, studies))];
}

async function alone(items: Item[], signal: AbortSignal, sent: (bytes: number) => void, studies: Set<string>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let before = 0;
  for (const item of items) {
    outcomes.push(...(await sendBatch([item], signal, bytes => sent(before + bytes), studies)));
    before += item.file.size;
  }
  return outcomes;
}

/** Repeats what failed for reasons that pass: a server that restarts, a limit of rate, a broken connection. */
async function persist(items: Item[], signal: AbortSignal, sent: (bytes: number) => void): Promise<StowAnswer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await stow(items, signal, sent);
    } catch (error) {
      if (!(error instanceof StowError) || !error.retryable || attempt === ATTEMPTS || signal.aborted) {
        throw error;
      }
      sent(0);
      await new Promise(resolve => setTimeout(resolve, FIRST_PAUSE_MS * 2 ** (attempt - 1)));
    }
  }
}

function wording(error: unknown): string {
  return error instanceof StowError ? error.message : describe(error);
}
