import { useEffect, useState } from 'react';
import { cancelJob, followJob, listJobs, unfinished, type Job } from '../../../ohif/lib/jobs.mjs';
import { describe } from '../../../ohif/lib/errors.mjs';
import { Empty, Failure, Loading } from '../components/Notice';
import { enumName, time } from '../format';
import { viewerUrl } from '../router';

export function JobsPage() {
  const [jobs, setJobs] = useState<Job[]>();
  const [next, setNext] = useState('');
  const [error, setError] = useState('');

  const load = async (token: string, signal?: AbortSignal) => {
    setError('');
    try {
      const page = await listJobs(undefined, token, signal);
      setJobs(previous => (token ? merge(previous ?? [], page.jobs) : page.jobs));
      setNext(page.nextPageToken);
    } catch (failure) {
      if (!signal?.aborted) {
        setError(describe(failure));
      }
    }
  };
  useEffect(() => {
    const abort = new AbortController();
    void load('', abort.signal);
    return () => abort.abort();
  }, []);

  const running = (jobs ?? []).filter(unfinished).map(job => job.name).join(' ');
  useEffect(() => {
    const abort = new AbortController();
    for (const name of running.split(' ').filter(Boolean)) {
      void followJob(name, job => setJobs(previous => merge(previous ?? [], [job])), abort.signal);
    }
    return () => abort.abort();
  }, [running]);

  const cancel = async (job: Job) => {
    try {
      const changed = await cancelJob(job.name);
      setJobs(previous => merge(previous ?? [], [changed]));
    } catch (failure) {
      setError(describe(failure));
    }
  };

  return (
    <div className="page">
      <div className="head">
        <h1>Jobs</h1>
        <p className="sub">Models that you have applied to your series. They go on when you leave.</p>
      </div>
      {error && <Failure message={error} retry={() => void load('')} />}
      {!jobs && !error && <Loading what="jobs" />}
      {jobs?.length === 0 && <Empty title="No jobs yet"><p>Open a study and run a model from the viewer’s “AI models” panel.</p></Empty>}
      {jobs && jobs.length > 0 && (
        <div className="table-frame">
          <table>
            <caption className="visually-hidden">Jobs, newest first</caption>
            <thead><tr><th scope="col">Model</th><th scope="col">Started</th><th scope="col">State</th><th scope="col" className="wide">Progress</th><th scope="col"><span className="visually-hidden">Actions</span></th></tr></thead>
            <tbody>{jobs.map(job => <JobRow key={job.name} job={job} cancel={cancel} />)}</tbody>
          </table>
        </div>
      )}
      {next && <nav className="pager" aria-label="Pages"><button type="button" className="button" onClick={() => void load(next)}>Older jobs</button></nav>}
    </div>
  );
}

function JobRow({ job, cancel }: { job: Job; cancel: (job: Job) => Promise<void> }) {
  return (
    <tr data-job={job.name} data-state={job.state}>
      <th scope="row">{job.modelDisplayName}</th>
      <td>{time(job.createTime)}</td>
      <td><span className={`state ${job.state.toLowerCase()}`}>{enumName(job.state, '')}</span></td>
      <td className="wide" aria-live="polite">
        {unfinished(job) && <progress max={1} value={job.state === 'RUNNING' ? (job.progress ?? 0) : undefined} aria-label={`Progress of ${job.modelDisplayName}`} />}
        <span className="message">{job.state === 'FAILED' ? job.error?.message : job.message}</span>
        {job.error?.detail && <details><summary>Details</summary><pre>{job.error.detail}</pre></details>}
      </td>
      <td className="end">
        {unfinished(job) && <button type="button" className="button" onClick={() => void cancel(job)}>Cancel</button>}
        {' '}<a className="button" href={viewerUrl(job.studyInstanceUid, job.state === 'SUCCEEDED' ? job.name : undefined)}>{job.state === 'SUCCEEDED' ? 'Show result' : 'Open study'}</a>
      </td>
    </tr>
  );
}

/** Newer states of known jobs replace them in place; unknown ones follow. */
function merge(jobs: Job[], changed: Job[]): Job[] {
  const byName = new Map(jobs.map(job => [job.name, job]));
  for (const job of changed) {
    byName.set(job.name, job);
  }
  return [...byName.values()];
}
