import type { ReactNode } from 'react';

export function Loading({ what }: { what: string }) {
  return <p className="loading" role="status"><span className="spinner" aria-hidden="true" />Loading {what}…</p>;
}

export function Failure({ title = 'That did not work', message, retry }: { title?: string; message: string; retry?: () => void }) {
  return (
    <div className="notice failure" role="alert">
      <h2>{title}</h2>
      <p>{message}</p>
      {retry && <button type="button" className="button" onClick={retry}>Try again</button>}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return <div className="notice empty"><h2>{title}</h2>{children}</div>;
}
