import { useEffect, useState, type FormEvent } from 'react';
import { ApiError, describe, readError } from '../../../ohif/lib/errors.mjs';
import { Field } from '../components/Field';
import { Link } from '../components/Link';
import { Logo } from '../components/Logo';
import { navigate } from '../router';
import type { Role } from '../types';

const ROLES: { role: Role; title: string; text: string }[] = [
  {
    role: 'ROLE_HEALTH_PROFESSIONAL',
    title: 'Health professional',
    text: 'Upload, view and share studies and apply AI models to them.',
  },
  {
    role: 'ROLE_RESEARCHER',
    title: 'Researcher',
    text: 'Publish AI models and test them on images of your own.',
  },
];

export function RegisterPage() {
  const [form, setForm] = useState({ email: '', password: '', displayName: '', role: ROLES[0]!.role as Role });
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [error, setError] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Create an account · MedCloudCare';
  }, []);
  const change = (field: keyof typeof form) => (event: { target: { value: string } }) =>
    setForm({ ...form, [field]: event.target.value });

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setErrors({});
    setError('');
    try {
      await register(form);
      navigate(`/signin?registered&email=${encodeURIComponent(form.email.trim())}`);
    } catch (failure) {
      const fields = failure instanceof ApiError ? camelCase(failure.fields) : {};
      setErrors(fields);
      setError(Object.keys(fields).length ? '' : failureText(failure));
      setBusy(false);
    }
  };

  return (
    <main className="gate">
      <section className="card" aria-labelledby="title">
        <Logo size={36} />
        <h1 id="title">Create an account</h1>
        <form onSubmit={submit}>
          <fieldset className="roles">
            <legend>I am a</legend>
            {ROLES.map(({ role, title, text }) => (
              <label key={role} className="role">
                <input type="radio" name="role" value={role} checked={form.role === role} onChange={change('role')} />
                <span><b>{title}</b><small>{text}</small></span>
              </label>
            ))}
          </fieldset>
          {form.role === 'ROLE_HEALTH_PROFESSIONAL' && (
            <p className="notice info">An administrator checks your professional certificate before you can open studies. You can sign in meanwhile and see how it stands.</p>
          )}
          <Field label="Name" name="displayName" autoComplete="name" required maxLength={100} autoFocus
            value={form.displayName} onChange={change('displayName')} error={errors.displayName} />
          <Field label="E-mail address" type="email" name="email" autoComplete="username" required maxLength={254}
            value={form.email} onChange={change('email')} error={errors.email} />
          <Field label="Password" type="password" name="password" autoComplete="new-password" required minLength={12} maxLength={256}
            hint="At least 12 characters. A few unrelated words make a good one." value={form.password}
            onChange={change('password')} error={errors.password} />
          <p className="form-error" role="alert">{error}</p>
          <button type="submit" className="button primary" disabled={busy}>{busy ? 'Creating…' : 'Create account'}</button>
        </form>
        <p className="aside">Have an account? <Link to="/signin">Sign in</Link></p>
      </section>
    </main>
  );
}

async function register(form: { email: string; password: string; displayName: string; role: Role }): Promise<void> {
  const response = await fetch('/v1/accounts:register', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ ...form, email: form.email.trim(), displayName: form.displayName.trim() }),
  });
  if (!response.ok) {
    throw await readError(response);
  }
}

/** Violations name the fields of the proto (display_name). */
function camelCase(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, text]) => [name.replace(/_(.)/g, (_, c: string) => c.toUpperCase()), text]));
}

function failureText(failure: unknown): string {
  return failure instanceof ApiError && failure.reason === 'ALREADY_EXISTS'
    ? 'There is an account with this e-mail address already.'
    : describe(failure);
}
