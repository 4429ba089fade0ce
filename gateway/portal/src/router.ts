/** Paths under /app/ as state: enough routing for a handful of pages. */
import { useSyncExternalStore } from 'react';

export const BASE = '/app';
const CHANGED = 'mcc-navigated';

/** The path below /app and the query, e.g. "/jobs" and "?next=…". */
export function useLocation(): { path: string; search: URLSearchParams } {
  const href = useSyncExternalStore(subscribe, () => window.location.href);
  const url = new URL(href);
  return { path: url.pathname.slice(BASE.length).replace(/\/+$/, '') || '/', search: url.searchParams };
}

export function navigate(path: string, { replace = false } = {}): void {
  window.history[replace ? 'replaceState' : 'pushState'](null, '', BASE + path);
  window.dispatchEvent(new Event(CHANGED));
}

/** Leaves the portal for a page of the viewer. */
export function openViewer(studyInstanceUid: string, job?: string): void {
  window.location.assign(viewerUrl(studyInstanceUid, job));
}

/** The viewer's address of a study; `job` asks our panel to show that job's result. */
export function viewerUrl(studyInstanceUid: string, job?: string): string {
  const query = new URLSearchParams({ StudyInstanceUIDs: studyInstanceUid });
  if (job) {
    query.set('mccJob', job);
  }
  return `/viewer?${query}`;
}

/** Only an address of this origin is followed after sign-in. */
export function safeNext(next: string | null): string | null {
  if (!next) {
    return null;
  }
  const url = URL.parse(next, window.location.origin);
  return url && url.origin === window.location.origin ? url.pathname + url.search + url.hash : null;
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('popstate', listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener('popstate', listener);
    window.removeEventListener(CHANGED, listener);
  };
}
