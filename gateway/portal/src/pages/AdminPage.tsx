import { useRef, useState } from 'react';
import { get, post } from '../../../ohif/lib/api.mjs';
import { describe } from '../../../ohif/lib/errors.mjs';
import { Empty, Failure, Loading } from '../components/Notice';
import { useAsync } from '../components/useAsync';
import { count, ROLE_NAMES, time } from '../format';
import type { Account } from '../types';

/** Health professionals who wait for an administrator. */
export function AdminPage() {
  const [tokens, setTokens] = useState<string[]>(['']);
  const token = tokens[tokens.length - 1]!;
  const page = useAsync(
    async signal => (await get('/v1/accounts', { state: 'PENDING', pageSize: 50, pageToken: token }, signal)) as { accounts?: Account[]; nextPageToken?: string },
    token,
  );
  const [status, setStatus] = useState('');
  const [busy, setBusy] = useState('');
  const heading = useRef<HTMLHeadingElement>(null);

  const approve = async (account: Account) => {
    setBusy(account.name);
    try {
      await post(`/v1/${account.name}:approve`, {});
      setStatus(`${account.displayName} has been approved.`);
      page.reload();
      heading.current?.focus();
    } catch (error) {
      setStatus(describe(error));
    } finally {
      setBusy('');
    }
  };

  const accounts = page.value?.accounts ?? [];
  return (
    <div className="page">
      <div className="head">
        <h1 ref={heading} tabIndex={-1}>Approvals</h1>
        <p className="sub">Health professionals whose certificate is to be validated before they can open studies.</p>
      </div>
      <p role="status" className="status">{status}</p>
      {page.error && <Failure message={page.error} retry={page.reload} />}
      {!page.value && page.loading && <Loading what="accounts" />}
      {page.value && accounts.length === 0 && <Empty title="Nobody is waiting"><p>New registrations of health professionals appear here.</p></Empty>}
      {accounts.length > 0 && (
        <div className="table-frame">
          <table>
            <caption className="visually-hidden">{count(accounts.length, 'account')} waiting</caption>
            <thead><tr><th scope="col">Name</th><th scope="col">E-mail address</th><th scope="col">Role</th><th scope="col">Registered</th><th scope="col"><span className="visually-hidden">Action</span></th></tr></thead>
            <tbody>
              {accounts.map(account => (
                <tr key={account.name}>
                  <th scope="row">{account.displayName}</th>
                  <td>{account.email}</td>
                  <td>{ROLE_NAMES[account.role]}</td>
                  <td>{time(account.createTime)}</td>
                  <td className="end">
                    <button type="button" className="button primary" disabled={busy === account.name} aria-label={`Approve ${account.displayName}`} onClick={() => void approve(account)}>Approve</button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <nav className="pager" aria-label="Pages">
        {tokens.length > 1 && <button type="button" className="button" onClick={() => setTokens(tokens.slice(0, -1))}>Previous</button>}
        {page.value?.nextPageToken && <button type="button" className="button" onClick={() => setTokens([...tokens, page.value!.nextPageToken!])}>Next</button>}
      </nav>
    </div>
  );
}
