import type { KeyboardEvent, MouseEvent } from 'react';
import { bytes, count, dicomDate, dicomTime, personName } from '../format';
import { openViewer, viewerUrl } from '../router';
import type { Study } from '../types';

export interface Order {
  column: 'study_date' | 'patient_name' | 'patient_id' | 'study_description' | 'create_time';
  descending: boolean;
}

const COLUMNS: { title: string; order?: Order['column']; className?: string }[] = [
  { title: 'Patient', order: 'patient_name' },
  { title: 'Patient ID', order: 'patient_id' },
  { title: 'Date', order: 'study_date' },
  { title: 'Modality' },
  { title: 'Description', order: 'study_description', className: 'wide' },
  { title: 'Series', className: 'number' },
  { title: 'Images', className: 'number' },
  { title: 'Size', className: 'number' },
];

interface Props {
  studies: Study[];
  order: Order;
  sort: (order: Order) => void;
  busy: boolean;
}

export function StudyTable({ studies, order, sort, busy }: Props) {
  return (
    <div className="table-frame" aria-busy={busy}>
      <table className="studies" onKeyDown={moveBetweenRows}>
        <caption className="visually-hidden">Studies; arrow keys move between them, Enter opens one in the viewer</caption>
        <thead>
          <tr>{COLUMNS.map(column => <Head key={column.title} {...column} current={order} sort={sort} />)}</tr>
        </thead>
        <tbody>{studies.map(study => <Row key={study.name} study={study} />)}</tbody>
      </table>
    </div>
  );
}

function Head({ title, order, className, current, sort }: (typeof COLUMNS)[number] & { current: Order; sort: Props['sort'] }) {
  if (!order) {
    return <th scope="col" className={className}>{title}</th>;
  }
  const active = current.column === order;
  const direction = active ? (current.descending ? 'descending' : 'ascending') : undefined;
  // Dates are wanted newest first, words from A.
  const next = { column: order, descending: active ? !current.descending : order === 'study_date' };
  return (
    <th scope="col" className={className} aria-sort={direction}>
      <button type="button" className="sort" onClick={() => sort(next)}>
        {title}<span aria-hidden="true">{direction === 'ascending' ? '▲' : direction === 'descending' ? '▼' : ''}</span>
      </button>
    </th>
  );
}

function Row({ study }: { study: Study }) {
  const open = (event: MouseEvent) => {
    // The link in the row handles its own clicks, and selecting text is not opening.
    if (!(event.target as Element).closest('a') && !window.getSelection()?.toString()) {
      openViewer(study.studyInstanceUid);
    }
  };
  const name = personName(study.patientName) || 'No name';
  return (
    <tr onClick={open} data-study={study.studyInstanceUid}>
      <th scope="row">
        <a href={viewerUrl(study.studyInstanceUid)} aria-label={`Open the study of ${name}, ${dicomDate(study.studyDate) || 'no date'}, in the viewer`}>{name}</a>
        {study.access !== 'ACCESS_OWNER' && <span className="tag">shared</span>}
      </th>
      <td className="code">{study.patientId}</td>
      <td className="date">{dicomDate(study.studyDate)} <small>{dicomTime(study.studyTime)}</small></td>
      <td>{(study.modalities ?? []).map(modality => <span key={modality} className="modality">{modality}</span>)}</td>
      <td className="wide">{study.studyDescription}</td>
      <td className="number">{study.seriesCount}</td>
      <td className="number" title={count(study.instanceCount, 'image')}>{study.instanceCount.toLocaleString()}</td>
      <td className="number">{bytes(study.sizeBytes)}</td>
    </tr>
  );
}

function moveBetweenRows(event: KeyboardEvent<HTMLTableElement>) {
  const links = [...event.currentTarget.querySelectorAll<HTMLAnchorElement>('tbody a')];
  const at = links.indexOf(document.activeElement as HTMLAnchorElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at >= 0 && to !== undefined && links[to]) {
    event.preventDefault();
    links[to].focus();
  }
}
