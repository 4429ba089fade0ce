import { useEffect, useRef, type ReactNode } from 'react';
import { signOut } from '../../../ohif/lib/session.mjs';
import { ROLE_NAMES } from '../format';
import type { Account } from '../types';
import { useUploads } from '../upload/store';
import { Link } from './Link';
import { Logo } from './Logo';

const CLINICAL = [
  { path: '/', title: 'Studies' },
  { path: '/upload', title: 'Upload' },
  { path: '/models', title: 'AI models' },
  { path: '/jobs', title: 'Jobs' },
];
const ADMINISTRATION = [{ path: '/', title: 'Approvals' }];

export function Layout({ account, path, children }: { account: Account; path: string; children: ReactNode }) {
  const pages = account.state !== 'ACTIVE' ? [] : account.role === 'ROLE_ADMINISTRATOR' ? ADMINISTRATION : CLINICAL;
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${pages.find(page => page.path === path)?.title ?? 'Account'} · MedCloudCare`;
    // A new page is announced, and the keyboard starts at its top; the first one leaves the focus to the browser.
    if (!first.current) {
      main.current?.focus();
    }
    first.current = false;
  }, [path]);
  return (
    <>
      <a className="skip" href="#main">Skip to content</a>
      <header className="bar">
        <Link to="/" className="home" aria-label="MedCloudCare, start page"><Logo /></Link>
        <nav aria-label="Main">
          {pages.map(page => (
            <Link key={page.path} to={page.path} aria-current={page.path === path ? 'page' : undefined}>
              {page.title}
              {page.path === '/upload' && <UploadBadge />}
            </Link>
          ))}
        </nav>
        <div className="who">
          <Link to="/account" className="me">
            <span>{account.displayName}</span>
            <small>{ROLE_NAMES[account.role]}</small>
          </Link>
          <button type="button" className="button quiet" onClick={() => void signOut()}>Sign out</button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>{children}</main>
      <footer className="foot">Results of AI models are for research and as a second reader only, not for diagnosis.</footer>
    </>
  );
}

/** How far a running upload is, seen from every page. */
function UploadBadge() {
  const { running, progress } = useUploads();
  return running ? <span className="badge" aria-label={`upload ${Math.floor(progress * 100)} percent`}>{Math.floor(progress * 100)} %</span> : null;
}
