/** What a model found: segments with colour and volume, findings, regions, measurements. */
import { button, h } from './dom.mjs';

export function resultView(job, overlays) {
  const { segments = [], findings = [], regions = [], measurements = [] } = job.result;
  return h('div', { class: 'mcc-result' },
    segments.length > 0 && segmentTable(job, segments, overlays),
    findings.length > 0 && findingList(findings),
    regions.length > 0 && regionList(job, regions, overlays),
    measurements.length > 0 && measurementTable(measurements));
}

function segmentTable(job, segments, overlays) {
  return h('table', { class: 'mcc-table' },
    h('caption', { class: 'mcc-hidden' }, 'Segments'),
    h('tbody', {}, segments.map(segment => {
      const swatch = h('span', { class: 'mcc-swatch', 'aria-hidden': 'true' });
      swatch.style.backgroundColor = `#${(segment.rgb ?? 0).toString(16).padStart(6, '0')}`;
      const jump = button(segment.label, () => overlays.jumpToSegment(job, segment.number), { class: 'mcc-link', title: 'Go to the middle of this segment' });
      return h('tr', {}, h('th', { scope: 'row' }, swatch, jump), h('td', {}, volume(segment)));
    })));
}

function findingList(findings) {
  const sorted = [...findings].sort((a, b) => b.probability - a.probability);
  return h('ul', { class: 'mcc-findings', 'aria-label': 'Findings' }, sorted.map(finding =>
    h('li', {},
      h('span', {}, finding.label),
      h('span', {}, percent(finding.probability)),
      h('meter', { min: 0, max: 1, value: finding.probability, 'aria-label': `Probability of ${finding.label}` }))));
}

function regionList(job, regions, overlays) {
  return h('ul', { class: 'mcc-findings', 'aria-label': 'Regions' }, regions.map(region =>
    h('li', {},
      region.sopInstanceUid
        ? button(region.label, () => overlays.jumpToImage(job, region.sopInstanceUid, region.frame), { class: 'mcc-link', title: 'Go to this image' })
        : h('span', {}, region.label),
      h('span', {}, percent(region.score)))));
}

function measurementTable(measurements) {
  return h('table', { class: 'mcc-table' },
    h('caption', { class: 'mcc-hidden' }, 'Measurements'),
    h('tbody', {}, measurements.map(({ label, value, unit }) =>
      h('tr', {}, h('th', { scope: 'row' }, label), h('td', {}, `${number(value)} ${unit === '1' ? '' : (unit ?? '')}`.trim())))));
}

function volume({ volumeMl, voxels }) {
  return volumeMl > 0 ? `${number(volumeMl)} ml` : `${Number(voxels ?? 0).toLocaleString()} voxels`;
}

function number(value) {
  return Number(value).toLocaleString(undefined, { maximumSignificantDigits: 4 });
}

function percent(value) {
  return `${(Number(value ?? 0) * 100).toFixed(1)} %`;
}
