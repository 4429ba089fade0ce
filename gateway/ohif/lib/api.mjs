/** Calls to the REST face (/v1) with the session's token. */
import { ApiError, errorOf, readError } from './errors.mjs';
import { accessToken, renew } from './session.mjs';

/**
 * fetch with the session's token; a 401 renews the session once and repeats.
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} a response that is ok; throws ApiError otherwise
 */
export async function request(url, init = {}) {
  let response = await send(url, init);
  if (response.status === 401 && (await renew())) {
    response = await send(url, init);
  }
  if (!response.ok) {
    throw await readError(response);
  }
  return response;
}

/**
 * @param {string} path
 * @param {Record<string, string | number | boolean | undefined>} [query] empty values are left out
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, query = {}, signal) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') {
      search.set(name, String(value));
    }
  }
  const response = await request(search.size ? `${path}?${search}` : path, { signal });
  return response.json();
}

/**
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<any>}
 */
export async function post(path, body) {
  const response = await request(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

/**
 * The messages of a server-streaming call (one JSON object a line).
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<any>}
 */
export async function* stream(path, signal) {
  const response = await request(path, { signal });
  const reader = /** @type {ReadableStream<Uint8Array>} */ (response.body).getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      rest += decoder.decode(value, { stream: !done });
      const lines = rest.split('\n');
      rest = done ? '' : /** @type {string} */ (lines.pop());
      for (const line of lines) {
        if (line.trim()) {
          yield message(line);
        }
      }
      if (done) {
        return;
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** @param {string} line */
function message(line) {
  const value = JSON.parse(line);
  // A stream that breaks after its first message has sent its HTTP status already and ends with a google.rpc.Status.
  if (typeof value.code === 'number' && typeof value.message === 'string' && value.name === undefined) {
    throw errorOf(value, 0);
  }
  return value;
}

/**
 * @param {string} url
 * @param {RequestInit} init
 */
async function send(url, init) {
  const token = await accessToken();
  if (!token) {
    throw new ApiError(401, 'TOKEN_INVALID', 'Your session has ended. Please sign in again.');
  }
  const headers = new Headers(init.headers);
  headers.set('Authorization', `Bearer ${token}`);
  return fetch(url, { ...init, headers });
}
