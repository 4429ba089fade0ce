import { useEffect, useState, useSyncExternalStore } from 'react';
import { describe } from '../../ohif/lib/errors.mjs';
import { onSession, renew, session } from '../../ohif/lib/session.mjs';
import { Layout } from './components/Layout';
import { Failure, Loading } from './components/Notice';
import { AccountPage } from './pages/AccountPage';
import { AdminPage } from './pages/AdminPage';
import { JobsPage } from './pages/JobsPage';
import { ModelsPage } from './pages/ModelsPage';
import { RegisterPage } from './pages/RegisterPage';
import { SignInPage } from './pages/SignInPage';
import { StudiesPage } from './pages/StudiesPage';
import { UploadPage } from './pages/UploadPage';
import { navigate, useLocation } from './router';
import type { Account } from './types';

const PUBLIC = ['/signin', '/register'];

export function App() {
  const account = useSyncExternalStore(onSession, () => session()?.account ?? null) as Account | null;
  const [start, setStart] = useState<'loading' | 'ready' | Error>('loading');
  const { path } = useLocation();
  const open = () => {
    setStart('loading');
    renew().then(() => setStart('ready'), error => setStart(new Error(describe(error))));
  };
  useEffect(open, []);

  const needsSignIn = start === 'ready' && !account && !PUBLIC.includes(path);
  useEffect(() => {
    if (needsSignIn) {
      const here = window.location.pathname + window.location.search;
      navigate(path === '/' ? '/signin' : `/signin?next=${encodeURIComponent(here)}`, { replace: true });
    }
  }, [needsSignIn, path]);

  if (start instanceof Error) {
    return <main className="centred"><Failure message={start.message} retry={open} /></main>;
  }
  if (start === 'loading' || needsSignIn) {
    return <main className="centred"><Loading what="MedCloudCare" /></main>;
  }
  if (path === '/register' && !account) {
    return <RegisterPage />;
  }
  if (!account || path === '/signin') {
    return <SignInPage />;
  }
  return <Layout account={account} path={path}><Page account={account} path={path} /></Layout>;
}

function Page({ account, path }: { account: Account; path: string }) {
  if (path === '/account' || account.state !== 'ACTIVE') {
    return <AccountPage account={account} />;
  }
  if (account.role === 'ROLE_ADMINISTRATOR') {
    return <AdminPage />;
  }
  switch (path) {
    case '/':
    case '/register':
      return <StudiesPage />;
    case '/upload':
      return <UploadPage />;
    case '/models':
      return <ModelsPage account={account} />;
    case '/jobs':
      return <JobsPage />;
    default:
      return <Failure title="There is no such page" message="The address may be mistyped, or the page has moved." />;
  }
}
