/** The one thing the page reads of a DICOM file: which instance it says it is. */

const DICM = 0x4449434d;
const HEAD_BYTES = 2048;
/** VRs with a 4-byte length after two reserved bytes (PS3.5 §7.1.2). */
const LONG_VRS = new Set(['OB', 'OW', 'OF', 'OD', 'OL', 'OV', 'SQ', 'UC', 'UN', 'UR', 'UT', 'SV', 'UV']);

/**
 * Media Storage SOP Instance UID (0002,0003) of the file meta group (PS3.10 §7.1), or '' if there is none: such a file may
 * be a data set without a header, which only the server can tell.
 */
export async function sopInstanceUid(file: Blob): Promise<string> {
  const view = new DataView(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (view.byteLength < 132 || view.getUint32(128) !== DICM) {
    return '';
  }
  for (let at = 132; at + 12 <= view.byteLength; ) {
    const group = view.getUint16(at, true);
    const element = view.getUint16(at + 2, true);
    const long = LONG_VRS.has(text(view, at + 4, 2));
    const length = long ? view.getUint32(at + 8, true) : view.getUint16(at + 6, true);
    const value = at + (long ? 12 : 8);
    if (group !== 2 || value + length > view.byteLength) {
      return '';
    }
    if (element === 3) {
      return text(view, value, length).replace(/[\0 ]+$/, '');
    }
    at = value + length;
  }
  return '';
}

function text(view: DataView, offset: number, length: number): string {
  return String.fromCharCode(...new Uint8Array(view.buffer, offset, length));
}
