import { useState } from 'react';
import { get } from '../../../ohif/lib/api.mjs';
import { Empty, Failure, Loading } from '../components/Notice';
import { useAsync } from '../components/useAsync';
import { count, enumName, time } from '../format';
import type { Account, Deployment, Model, ModelForm } from '../types';

const TEXTS: [keyof ModelForm, string][] = [
  ['architecture', 'Architecture'],
  ['framework', 'Framework'],
  ['performance', 'Performance'],
  ['dataDescription', 'Trained on'],
  ['input', 'Input'],
  ['output', 'Output'],
  ['references', 'References'],
];

export function ModelsPage({ account }: { account: Account }) {
  const [tokens, setTokens] = useState<string[]>(['']);
  const token = tokens[tokens.length - 1]!;
  const page = useAsync<{ models?: Model[]; nextPageToken?: string }>(
    signal => get('/v1/models', { pageSize: 50, pageToken: token }, signal),
    token,
  );
  const models = page.value?.models ?? [];
  return (
    <div className="page">
      <div className="head">
        <h1>AI models</h1>
        <p className="sub">Open a study and choose a model in the viewer’s “AI models” panel to run it.</p>
      </div>
      {page.error && <Failure message={page.error} retry={page.reload} />}
      {!page.value && page.loading && <Loading what="models" />}
      {page.value && !page.error && models.length === 0 && (
        <Empty title="No models yet">
          <p>{account.role === 'ROLE_RESEARCHER'
            ? <>Publish one from the command line: <code>./mcc models publish DIRECTORY</code></>
            : 'Models that researchers make available appear here.'}</p>
        </Empty>
      )}
      <ul className="models">{models.map(model => <li key={model.name}><ModelCard model={model} /></li>)}</ul>
      <nav className="pager" aria-label="Pages">
        {tokens.length > 1 && <button type="button" className="button" onClick={() => setTokens(tokens.slice(0, -1))}>Previous</button>}
        {page.value?.nextPageToken && <button type="button" className="button" onClick={() => setTokens([...tokens, page.value!.nextPageToken!])}>Next</button>}
      </nav>
    </div>
  );
}

function ModelCard({ model }: { model: Model }) {
  const { form } = model;
  const made = [form.modality || 'any modality', form.bodyPart ? form.bodyPart.toLowerCase() : 'any body part'].join(' · ');
  const texts = TEXTS.filter(([field]) => form[field]);
  return (
    <article className="card model">
      <header>
        <h2>{form.displayName}</h2>
        <p><span className="tag">{enumName(form.task, 'INFER_TYPE_')}</span> <span className="made">{made}</span></p>
      </header>
      <p className="text">{form.description}</p>
      {texts.length > 0 && (
        <details>
          <summary>Details</summary>
          <dl className="facts">{texts.map(([field, title]) => <div key={field}><dt>{title}</dt><dd className="text">{form[field]}</dd></div>)}</dl>
        </details>
      )}
      <footer>
        Version {model.activeVersion.split('/').pop()} · {time(model.updateTime)}
        {model.owned && <> · {enumName(model.visibility, 'VISIBILITY_').toLowerCase()} · yours</>}
      </footer>
      {model.owned && <DeploymentState version={model.activeVersion} />}
    </article>
  );
}

function DeploymentState({ version }: { version: string }) {
  const deployment = useAsync<Deployment>(signal => get(`/v1/${version}/deployment`, {}, signal), version);
  if (!deployment.value) {
    return <p className="deployment">{deployment.error ?? 'Asking for its pods…'}</p>;
  }
  const set = deployment.value.replicas;
  const replicas = set?.replicas ?? [];
  const ready = replicas.filter(replica => replica.state === 'READY').length;
  const restarts = replicas.reduce((sum, replica) => sum + replica.restarts, 0);
  const asleep = (set?.desired ?? 0) === 0 && replicas.length === 0;
  return (
    <div className="deployment">
      <p>
        <span className={`lamp ${set?.problem ? 'bad' : asleep ? '' : ready >= (set?.desired ?? 0) ? 'good' : 'wait'}`} aria-hidden="true" />
        {asleep ? 'Asleep; wakes with the next job' : `${ready} of ${count(set?.desired ?? 0, 'replica')} ready`}
        {restarts > 0 && `, ${count(restarts, 'restart')}`}
        {' '}<button type="button" className="button quiet small" onClick={deployment.reload}>Refresh</button>
      </p>
      {set?.problem && <p className="error">{set.problem}</p>}
      {deployment.value.lastFailure && <p className="error">{deployment.value.lastFailure}</p>}
      {(deployment.value.log ?? []).length > 0 && <details><summary>Log</summary><pre>{deployment.value.log!.join('\n')}</pre></details>}
    </div>
  );
}
