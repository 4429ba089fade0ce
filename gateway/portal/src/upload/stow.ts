/**
 * STOW-RS (PS3.18 §10.5): files as the parts of one multipart/related request. The body is a Blob made of the files, which
 * the browser reads from disk while it sends; nothing is held in memory.
 */
import { errorOf } from '../../../ohif/lib/errors.mjs';
import { accessToken, renew } from '../../../ohif/lib/session.mjs';
import type { Item } from './files';

/** SOP Instance UID → why it was refused. */
export interface StowAnswer {
  stored: Set<string>;
  failed: Map<string, string>;
  /** Reasons of failures that name no instance. */
  anonymous: string[];
  studies: Set<string>;
}

/** A request that failed as a whole. */
export class StowError extends Error {
  /** @param retryable the same request may succeed later */
  constructor(message: string, readonly status: number, readonly retryable: boolean) {
    super(message);
  }
}

const RETRYABLE = new Set([0, 408, 429, 500, 502, 503, 504]);

/** Failure Reason (0008,1197): PS3.18 table I.2-2 and PS3.4 table B.2-1. */
const REASONS: Record<number, string> = {
  0x0110: 'The server could not process it.',
  0x0111: 'Another image with the same identifier (SOP Instance UID) is stored already.',
  0x0117: 'Its identifier (SOP Instance UID) is not valid.',
  0x0122: 'This kind of object (SOP class) is not supported.',
  0x0124: 'You may not store this.',
  0xa700: 'It is larger than the server accepts, or the server has no room.',
  0xa900: 'It has no valid identifiers, or does not belong to this study.',
  0xc000: 'It is not a DICOM file, or it is damaged.',
};

type Attribute = { Value?: any[] };
type DataSet = Record<string, Attribute | undefined>;

export async function stow(items: Item[], signal: AbortSignal, sent: (bytes: number) => void): Promise<StowAnswer> {
  const boundary = `mcc-${[...crypto.getRandomValues(new Uint8Array(16))].map(byte => byte.toString(16).padStart(2, '0')).join('')}`;
  const body = multipart(items, boundary);
  let answer = await send(body, boundary, signal, sent);
  if (answer.status === 401 && (await renew())) {
    answer = await send(body, boundary, signal, sent);
  }
  const dataSet = parse(answer.responseText);
  if ((answer.status === 200 || answer.status === 202 || answer.status === 409) && dataSet) {
    return read(dataSet);
  }
  const status = answer.status;
  throw new StowError(errorOf((dataSet ?? {}) as object, status).message, status, RETRYABLE.has(status));
}

function multipart(items: Item[], boundary: string): Blob {
  const parts: BlobPart[] = [];
  for (const { file } of items) {
    parts.push(`--${boundary}\r\nContent-Type: application/dicom\r\nContent-Length: ${file.size}\r\n\r\n`, file, '\r\n');
  }
  parts.push(`--${boundary}--\r\n`);
  return new Blob(parts);
}

/** XMLHttpRequest, because fetch tells nothing of how much has been sent. */
async function send(body: Blob, boundary: string, signal: AbortSignal, sent: (bytes: number) => void): Promise<XMLHttpRequest> {
  const token = await accessToken();
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    signal.addEventListener('abort', abort);
    request.open('POST', '/dicomweb/studies');
    request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.setRequestHeader('Accept', 'application/dicom+json');
    request.setRequestHeader('Content-Type', `multipart/related; type="application/dicom"; boundary=${boundary}`);
    request.upload.addEventListener('progress', event => sent(event.loaded));
    request.addEventListener('load', () => resolve(request));
    request.addEventListener('abort', () => reject(signal.reason));
    request.addEventListener('error', () => reject(new StowError('The connection broke, or a file has changed or cannot be read any more.', 0, true)));
    request.addEventListener('loadend', () => signal.removeEventListener('abort', abort));
    request.send(body);
  });
}

function parse(text: string): DataSet | undefined {
  try {
    const value = JSON.parse(text);
    return Array.isArray(value) ? value[0] : value;
  } catch {
    return undefined;
  }
}

function read(dataSet: DataSet): StowAnswer {
  const answer: StowAnswer = { stored: new Set(), failed: new Map(), anonymous: [], studies: new Set() };
  for (const item of sequence(dataSet, '00081199')) {
    answer.stored.add(first(item, '00081155'));
    const study = /\/studies\/([0-9.]+)/.exec(first(item, '00081190'))?.[1];
    if (study) {
      answer.studies.add(study);
    }
  }
  for (const item of [...sequence(dataSet, '00081198'), ...sequence(dataSet, '0008119A')]) {
    const uid = first(item, '00081155');
    const reason = reasonOf(item);
    if (uid) {
      answer.failed.set(uid, reason);
    } else {
      answer.anonymous.push(reason);
    }
  }
  return answer;
}

function reasonOf(item: DataSet): string {
  const code = Number(item['00081197']?.Value?.[0] ?? 0x0110);
  // C000 to CFFF all mean "cannot understand".
  const words = REASONS[code] ?? REASONS[code & 0xf000] ?? `Refused (code ${code.toString(16)}).`;
  // What and where, in the gateway's answers as Text Value.
  const detail = first(item, '0040A160');
  return detail ? `${words} ${detail.charAt(0).toUpperCase()}${detail.slice(1)}` : words;
}

function sequence(dataSet: DataSet, tag: string): DataSet[] {
  return dataSet[tag]?.Value ?? [];
}

function first(dataSet: DataSet, tag: string): string {
  return String(dataSet[tag]?.Value?.[0] ?? '');
}
