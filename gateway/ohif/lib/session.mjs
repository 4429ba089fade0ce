/**
 * The browser session: an access token that lives in memory only, renewed from the HttpOnly refresh cookie of /session.
 * Used by the portal and by the viewer extension. Tabs share the cookie, so every call that rotates it holds a lock.
 *
 * @typedef {{ name: string, email: string, displayName: string, role: string, state: string, createTime?: string }} Account
 * @typedef {{ accessToken: string, expiresAt: string, account: Account }} Session
 */
import { ApiError, readError } from './errors.mjs';

const LOCK = 'mcc-session';
const HEADERS = { 'X-MCC-Client': 'web' };
/** Renew this long before the token expires; a request in flight must not outlive it. */
const MARGIN_MS = 60_000;
/** After a failed renewal (server restarting, network away) try again after this long. */
const RETRY_MS = 5_000;

/** @type {Session | null} */
let current = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {Promise<Session | null> | undefined} */
let renewing;
/** @type {Set<(session: Session | null) => void>} */
const listeners = new Set();
const channel = new BroadcastChannel(LOCK);

channel.addEventListener('message', event => {
  if (event.data === 'signed-out') {
    set(null);
  } else if (event.data === 'signed-in' && !current) {
    void renew().catch(() => {});
  }
});

// Timers are throttled or stopped in hidden tabs and during sleep.
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && current && remaining() < MARGIN_MS) {
    void renew().catch(() => {});
  }
});

/** The session now, or null. */
export function session() {
  return current;
}

/**
 * Calls back on every change of the session; returns the function that stops it.
 * @param {(session: Session | null) => void} listener
 * @returns {() => void}
 */
export function onSession(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Signs in. Throws ApiError (CREDENTIALS_INVALID, ACCOUNT_SUSPENDED, RATE_LIMITED).
 * @param {string} email
 * @param {string} password
 * @returns {Promise<Session>}
 */
export async function signIn(email, password) {
  const opened = await locked(async () => {
    const response = await fetch('/session', {
      method: 'POST',
      headers: { ...HEADERS, 'Content-Type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    return response.ok ? /** @type {Session} */ (await response.json()) : Promise.reject(await readError(response));
  });
  set(opened);
  channel.postMessage('signed-in');
  return opened;
}

/** Ends the session here and in the other tabs. */
export async function signOut() {
  await locked(() => fetch('/session', { method: 'DELETE', headers: HEADERS }));
  set(null);
  channel.postMessage('signed-out');
}

/**
 * Renews the access token from the cookie. Answers null when there is no session any more; throws ApiError when that
 * could not be found out (the old token stays then).
 * @returns {Promise<Session | null>}
 */
export function renew() {
  renewing ??= locked(refresh).then(set, error => {
    schedule(RETRY_MS);
    throw error;
  }).finally(() => {
    renewing = undefined;
  });
  return renewing;
}

/**
 * A token that is good for at least some seconds, or null without a session.
 * @returns {Promise<string | null>}
 */
export async function accessToken() {
  if (!current || remaining() < 10_000) {
    await renew();
  }
  return current?.accessToken ?? null;
}

/** @returns {Promise<Session | null>} */
async function refresh() {
  for (let attempt = 0; ; attempt++) {
    const response = await fetch('/session/refresh', { method: 'POST', headers: HEADERS });
    if (response.ok) {
      return response.json();
    }
    const error = await readError(response);
    if (error.reason === 'REFRESH_TOKEN_RACED' && attempt === 0) {
      continue;
    }
    if (response.status === 401 || response.status === 403) {
      return null;
    }
    throw error;
  }
}

/**
 * @template T
 * @param {() => Promise<T>} action
 * @returns {Promise<T>}
 */
async function locked(action) {
  // Web Locks exist in secure contexts only; plain HTTP on another host than localhost has none, and the server's
  // REFRESH_TOKEN_RACED covers it there.
  return navigator.locks ? navigator.locks.request(LOCK, action) : action();
}

/**
 * @param {Session | null} next
 * @returns {Session | null}
 */
function set(next) {
  current = next;
  clearTimeout(timer);
  if (next) {
    schedule(Math.max(remaining() - MARGIN_MS, RETRY_MS));
  }
  for (const listener of listeners) {
    listener(next);
  }
  return next;
}

/** @param {number} delay */
function schedule(delay) {
  clearTimeout(timer);
  if (current) {
    timer = setTimeout(() => void renew().catch(() => {}), delay);
  }
}

/** Milliseconds until the access token expires. */
function remaining() {
  return current ? Date.parse(current.expiresAt) - Date.now() : 0;
}

export { ApiError };
