import { useEffect, useState, type FormEvent } from 'react';
import { describe } from '../../../ohif/lib/errors.mjs';
import { session, signIn } from '../../../ohif/lib/session.mjs';
import { Field } from '../components/Field';
import { Link } from '../components/Link';
import { Logo } from '../components/Logo';
import { navigate, safeNext, useLocation } from '../router';

export function SignInPage() {
  const { search } = useLocation();
  const [email, setEmail] = useState(search.get('email') ?? '');
  const [password, setPassword] = useState('');
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  const next = safeNext(search.get('next'));

  const leave = () => {
    if (next && !next.startsWith('/app/')) {
      window.location.replace(next);
    } else {
      navigate(next ? next.slice('/app'.length) : '/', { replace: true });
    }
  };
  // Somebody who is signed in already (in another tab, or by going back) has nothing to do here.
  useEffect(() => {
    document.title = 'Sign in · MedCloudCare';
    if (session()) {
      leave();
    }
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError('');
    try {
      await signIn(email.trim(), password);
      leave();
    } catch (failure) {
      setError(describe(failure));
      setPassword('');
      setBusy(false);
    }
  };

  return (
    <main className="gate">
      <section className="card" aria-labelledby="title">
        <Logo size={36} />
        <h1 id="title">Sign in</h1>
        {search.has('registered') && <p className="notice success" role="status">Your account has been created. Please sign in.</p>}
        <form onSubmit={submit}>
          <Field label="E-mail address" type="email" name="email" autoComplete="username" required autoFocus
            value={email} onChange={event => setEmail(event.target.value)} />
          <Field label="Password" type="password" name="password" autoComplete="current-password" required
            value={password} onChange={event => setPassword(event.target.value)} />
          <p className="form-error" role="alert">{error}</p>
          <button type="submit" className="button primary" disabled={busy}>{busy ? 'Signing in…' : 'Sign in'}</button>
        </form>
        <p className="aside">New here? <Link to="/register">Create an account</Link></p>
      </section>
    </main>
  );
}
