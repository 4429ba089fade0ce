import { useState } from 'react';
import { describe } from '../../../ohif/lib/errors.mjs';
import { renew } from '../../../ohif/lib/session.mjs';
import { enumName, ROLE_NAMES, time } from '../format';
import type { Account } from '../types';

export function AccountPage({ account }: { account: Account }) {
  const [status, setStatus] = useState('');
  // The state is part of the token, so a new token is what an approval needs to take effect.
  const check = async () => {
    setStatus('Checking…');
    try {
      const fresh = await renew();
      setStatus(fresh?.account.state === 'PENDING' ? 'Not approved yet.' : '');
    } catch (error) {
      setStatus(describe(error));
    }
  };
  return (
    <div className="page narrow">
      <h1>Your account</h1>
      {account.state === 'PENDING' && (
        <section className="notice info" aria-labelledby="pending">
          <h2 id="pending">Waiting for approval</h2>
          <p>An administrator has to check your professional certificate. Until then you can sign in, but not open or upload studies.</p>
          <p><button type="button" className="button" onClick={() => void check()}>Check again</button> <span role="status">{status}</span></p>
        </section>
      )}
      {account.state === 'SUSPENDED' && (
        <section className="notice failure"><h2>Suspended</h2><p>Please ask your administrator.</p></section>
      )}
      <dl className="facts">
        <dt>Name</dt><dd>{account.displayName}</dd>
        <dt>E-mail address</dt><dd>{account.email}</dd>
        <dt>Role</dt><dd>{ROLE_NAMES[account.role]}</dd>
        <dt>State</dt><dd>{enumName(account.state, '')}</dd>
        {account.createTime && <><dt>Registered</dt><dd>{time(account.createTime)}</dd></>}
      </dl>
    </div>
  );
}
