import { useRef, useState, type DragEvent } from 'react';
import { Link } from '../components/Link';
import { bytes, count } from '../format';
import { viewerUrl } from '../router';
import { fromDrop, fromInput } from '../upload/files';
import { addFiles, cancelUpload, clearUpload, retryFailures, useUploads, type Uploads } from '../upload/store';

/** So many failures are listed; the rest is counted. */
const LISTED = 200;

export function UploadPage() {
  const uploads = useUploads();
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);

  const drag = (event: DragEvent) => {
    event.preventDefault();
    setOver(event.type !== 'dragleave');
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void fromDrop(event.dataTransfer).then(addFiles);
  };
  const choose = (input: HTMLInputElement | null) => {
    addFiles(fromInput(input?.files ?? null));
    if (input) {
      input.value = '';
    }
  };

  return (
    <div className="page narrow">
      <div className="head">
        <h1>Upload studies</h1>
        <p className="sub">DICOM files of any modality. They are sealed before they are written to disk.</p>
      </div>
      <section className={`drop ${over ? 'over' : ''}`} aria-label="Files to upload" onDragEnter={drag} onDragOver={drag} onDragLeave={drag} onDrop={drop}>
        <p className="drop-title">Drop files or folders here</p>
        <p>
          <button type="button" className="button primary" onClick={() => files.current?.click()}>Choose files</button>{' '}
          <button type="button" className="button" onClick={() => folder.current?.click()}>Choose a folder</button>
        </p>
        <input ref={files} type="file" multiple hidden data-testid="files" onChange={event => choose(event.currentTarget)} />
        <input ref={input => {
          folder.current = input;
          input?.setAttribute('webkitdirectory', '');
        }} type="file" hidden onChange={event => choose(event.currentTarget)} />
      </section>
      {(uploads.totalFiles > 0 || uploads.skippedFiles > 0) && <Progress uploads={uploads} />}
      {uploads.failures.length > 0 && <Failures uploads={uploads} />}
    </div>
  );
}

function Progress({ uploads }: { uploads: Uploads }) {
  const { running, cancelled, totalFiles, doneFiles, storedFiles, totalBytes, sentBytes, skippedFiles, studies, failures } = uploads;
  const title = running ? 'Uploading' : cancelled ? 'Cancelled' : totalFiles === 0 ? 'Nothing to upload' : failures.length ? 'Finished, with failures' : 'Uploaded';
  return (
    <section className="card progress" aria-labelledby="progress-title">
      <header>
        <h2 id="progress-title">{title}</h2>
        {running
          ? <button type="button" className="button" onClick={cancelUpload}>Cancel</button>
          : <button type="button" className="button quiet" onClick={clearUpload}>Clear</button>}
      </header>
      {totalFiles > 0 && <progress max={1} value={uploads.progress} aria-label="Upload" />}
      <p className="figures">
        <span>{bytes(sentBytes)} of {bytes(totalBytes)}</span>
        <span>{doneFiles.toLocaleString()} of {count(totalFiles, 'file')}</span>
      </p>
      <p role="status">
        {!running && `${count(storedFiles, 'image')} stored`}
        {!running && failures.length > 0 && `, ${failures.length.toLocaleString()} refused`}
        {!running && cancelled && `, ${(totalFiles - doneFiles).toLocaleString()} not sent`}
        {skippedFiles > 0 && `${running ? '' : '. '}${count(skippedFiles, 'other file')} skipped`}
      </p>
      {!running && studies.length > 0 && (
        <p>
          {studies.length === 1 && <a className="button primary" href={viewerUrl(studies[0]!)}>Open in the viewer</a>}
          {' '}<Link to="/" className="button">Go to the studies</Link>
        </p>
      )}
    </section>
  );
}

function Failures({ uploads }: { uploads: Uploads }) {
  const { failures, running } = uploads;
  return (
    <section className="card failures" aria-labelledby="failures-title">
      <header>
        <h2 id="failures-title">{count(failures.length, 'file')} not stored</h2>
        <button type="button" className="button" disabled={running} onClick={retryFailures}>Try these again</button>
      </header>
      <ul>
        {failures.slice(0, LISTED).map(({ path, reason }, index) => (
          <li key={index}><span className="path">{path}</span><span className="reason">{reason}</span></li>
        ))}
      </ul>
      {failures.length > LISTED && <p>… and {(failures.length - LISTED).toLocaleString()} more</p>}
    </section>
  );
}
