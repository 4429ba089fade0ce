import { useId, type ReactNode } from 'react';

export interface Filter {
  patientName: string;
  patientId: string;
  from: string;
  to: string;
  modality: string;
  studyDescription: string;
}

export const EMPTY_FILTER: Filter = { patientName: '', patientId: '', from: '', to: '', modality: '', studyDescription: '' };
const MODALITIES = ['CR', 'CT', 'DX', 'MG', 'MR', 'NM', 'OT', 'PT', 'RF', 'SC', 'US', 'XA'];

export function StudyFilter({ filter, change }: { filter: Filter; change: (filter: Filter) => void }) {
  const bind = (field: keyof Filter) => ({
    value: filter[field],
    onChange: (event: { target: { value: string } }) => change({ ...filter, [field]: event.target.value }),
  });
  return (
    <form className="filter" role="search" aria-label="Filter studies" onSubmit={event => event.preventDefault()}>
      <Cell label="Patient">{id => <input id={id} type="search" autoComplete="off" placeholder="Any part of the name" {...bind('patientName')} />}</Cell>
      <Cell label="Patient ID">{id => <input id={id} type="search" autoComplete="off" {...bind('patientId')} />}</Cell>
      <Cell label="From">{id => <input id={id} type="date" {...bind('from')} />}</Cell>
      <Cell label="To">{id => <input id={id} type="date" {...bind('to')} />}</Cell>
      <Cell label="Modality">
        {id => (
          <select id={id} {...bind('modality')}>
            <option value="">Any</option>
            {MODALITIES.map(modality => <option key={modality}>{modality}</option>)}
          </select>
        )}
      </Cell>
      <Cell label="Description">{id => <input id={id} type="search" autoComplete="off" {...bind('studyDescription')} />}</Cell>
    </form>
  );
}

/** The filter as ListStudies takes it. */
export function queryOf(filter: Filter): Record<string, string> {
  const from = filter.from.replaceAll('-', '');
  const to = filter.to.replaceAll('-', '');
  return {
    patientName: contains(filter.patientName),
    patientId: contains(filter.patientId),
    studyDescription: contains(filter.studyDescription),
    modality: filter.modality,
    studyDate: from || to ? `${from}-${to}` : '',
  };
}

/** Words in any place; PN separates its components by ^, people by spaces and commas. Own wildcards are taken as they are. */
function contains(text: string): string {
  const words = text.trim();
  return !words || /[*?]/.test(words) ? words : `*${words.replace(/[\s,^]+/g, '*')}*`;
}

function Cell({ label, children }: { label: string; children: (id: string) => ReactNode }) {
  const id = useId();
  return <div className="cell"><label htmlFor={id}>{label}</label>{children(id)}</div>;
}
