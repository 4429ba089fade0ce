/**
 * Errors of the REST faces: google.rpc.Status with one google.rpc.ErrorInfo (medcloudcare.common.v1.Reason).
 */

const UNAVAILABLE = 'The server is not available at the moment. Please try again.';
/** What users are told for reasons whose message would be too technical. */
const WORDS = /** @type {Record<string, string>} */ ({
  CREDENTIALS_INVALID: 'The e-mail address or the password is not right.',
  ACCOUNT_SUSPENDED: 'This account is suspended. Please ask your administrator.',
  ACCOUNT_NOT_APPROVED: 'Your account is still waiting for an administrator’s approval.',
  RATE_LIMITED: 'Too many attempts. Please wait a moment and try again.',
  SERVICE_UNAVAILABLE: UNAVAILABLE,
});

export class ApiError extends Error {
  /**
   * @param {number} status HTTP status, 0 when there was no answer
   * @param {string} reason name of a Reason without its prefix, or empty
   * @param {string} message for the user
   * @param {Record<string, string>} [fields] field → what is wrong with it (google.rpc.BadRequest)
   */
  constructor(status, reason, message, fields = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
    this.fields = fields;
  }
}

/**
 * @param {Response} response
 * @returns {Promise<ApiError>}
 */
export async function readError(response) {
  let status = {};
  try {
    status = await response.json();
  } catch {
    // A proxy or a crash answers without JSON; the HTTP status is all there is.
  }
  return errorOf(status, response.status);
}

/**
 * @param {{ message?: string, details?: any[] }} status
 * @param {number} httpStatus
 * @returns {ApiError}
 */
export function errorOf(status, httpStatus) {
  const details = Array.isArray(status.details) ? status.details : [];
  const reason = details.find(d => String(d['@type']).endsWith('google.rpc.ErrorInfo'))?.reason ?? '';
  const violations = details.find(d => String(d['@type']).endsWith('google.rpc.BadRequest'))?.fieldViolations ?? [];
  const fields = Object.fromEntries(violations.map((/** @type {any} */ v) => [v.field, v.description]));
  const message = WORDS[reason] ?? status.message ?? (httpStatus >= 500 || httpStatus === 0
    ? UNAVAILABLE
    : `The server answered with an error (${httpStatus}).`);
  return new ApiError(httpStatus, reason, message, fields);
}

/**
 * The sentence to show for anything that was thrown.
 * @param {unknown} error
 * @returns {string}
 */
export function describe(error) {
  if (error instanceof ApiError) {
    return error.message;
  }
  return error instanceof TypeError ? 'The server cannot be reached. Please check your connection.' : String(error);
}
