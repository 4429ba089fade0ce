import { useMemo, useState } from 'react';
import { get } from '../../../ohif/lib/api.mjs';
import { Link } from '../components/Link';
import { Empty, Failure, Loading } from '../components/Notice';
import { useAsync, useDebounced } from '../components/useAsync';
import { count } from '../format';
import type { Study } from '../types';
import { EMPTY_FILTER, queryOf, StudyFilter, type Filter } from './StudyFilter';
import { StudyTable, type Order } from './StudyTable';

const PAGE_SIZE = 25;

interface Page {
  studies?: Study[];
  nextPageToken?: string;
  totalSize?: number;
}

export function StudiesPage() {
  const [filter, setFilter] = useState<Filter>(EMPTY_FILTER);
  const [order, setOrder] = useState<Order>({ column: 'study_date', descending: true });
  const settled = useDebounced(filter, 300);
  const query = useMemo(
    () => ({ ...queryOf(settled), orderBy: order.column + (order.descending ? ' desc' : ''), pageSize: PAGE_SIZE }),
    [settled, order],
  );
  const key = JSON.stringify(query);
  // Tokens of the pages up to the current one; they belong to one query and start over with the next.
  const [paging, setPaging] = useState<{ key: string; tokens: string[] }>({ key, tokens: [''] });
  const tokens = paging.key === key ? paging.tokens : [''];
  const pageToken = tokens[tokens.length - 1]!;
  const page = useAsync<Page>(signal => get('/v1/studies', { ...query, pageToken }, signal), key + pageToken);

  const studies = page.value?.studies ?? [];
  const total = page.value?.totalSize ?? 0;
  const filtered = Object.values(settled).some(Boolean);
  const first = (tokens.length - 1) * PAGE_SIZE;
  return (
    <div className="page">
      <div className="head">
        <h1>Studies</h1>
        <p className="sub" role="status">{page.value ? count(total, 'study', 'studies') + (filtered ? ' found' : '') : ''}</p>
        <Link to="/upload" className="button primary">Upload</Link>
      </div>
      <StudyFilter filter={filter} change={setFilter} />
      {page.error && <Failure message={page.error} retry={page.reload} />}
      {!page.value && page.loading && <Loading what="studies" />}
      {page.value && !page.error && studies.length === 0 && (
        filtered
          ? <Empty title="No study matches"><button type="button" className="button" onClick={() => setFilter(EMPTY_FILTER)}>Clear the filter</button></Empty>
          : <Empty title="No studies yet"><p>Studies that you upload, or that are shared with you, appear here.</p><Link to="/upload" className="button primary">Upload studies</Link></Empty>
      )}
      {studies.length > 0 && <StudyTable studies={studies} order={order} sort={setOrder} busy={page.loading} />}
      {studies.length > 0 && (
        <nav className="pager" aria-label="Pages">
          <span>{(first + 1).toLocaleString()}–{(first + studies.length).toLocaleString()} of {total.toLocaleString()}</span>
          <button type="button" className="button" disabled={tokens.length === 1} onClick={() => setPaging({ key, tokens: tokens.slice(0, -1) })}>Previous</button>
          <button type="button" className="button" disabled={!page.value?.nextPageToken} onClick={() => setPaging({ key, tokens: [...tokens, page.value!.nextPageToken!] })}>Next</button>
        </nav>
      )}
    </div>
  );
}
