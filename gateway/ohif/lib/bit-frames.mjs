/**
 * @typedef {{ BitsAllocated?: number, Rows?: number, Columns?: number }} Instance Naturalised DICOM JSON.
 * @typedef {((request: { instance?: Instance }) => { done: Promise<boolean>, cancel(): void }) & { isGuarded?: boolean }} Prefetch
 */

/**
 * OHIF 3.13.2 fetches a segmentation as one Part 10 file and cuts its frames at whole bytes. Frames of one bit a pixel follow
 * each other without padding (PS3.5 §8.1.1), so that every frame but the first would be read from the wrong bit unless
 * Rows × Columns is a multiple of 8. Fetched one by one, as WADO-RS gives them, they start at a byte and are read right.
 * @param {{ retrieve?: { prefetchInstanceFrames?: Prefetch } } | undefined} dataSource One of OHIF's, guarded in place, once.
 */
export function fetchUnalignedFramesSingly(dataSource) {
  const retrieve = dataSource?.retrieve;
  const whole = retrieve?.prefetchInstanceFrames;
  if (!whole || whole.isGuarded) {
    return;
  }
  /** @type {Prefetch} */
  const guarded = request =>
    isUnaligned(request?.instance) ? { done: Promise.resolve(false), cancel() {} } : whole.call(retrieve, request);
  guarded.isGuarded = true;
  retrieve.prefetchInstanceFrames = guarded;
}

/** @param {Instance | undefined} instance */
function isUnaligned(instance) {
  return instance !== undefined && Number(instance.BitsAllocated) === 1 && (Number(instance.Rows) * Number(instance.Columns)) % 8 !== 0;
}
