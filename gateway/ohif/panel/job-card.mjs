/** One job in the panel: its progress, its error, or its result. */
import { describe } from '../lib/errors.mjs';
import { unfinished } from '../lib/jobs.mjs';
import { button, fill, h } from './dom.mjs';
import { Overlays } from './overlays.mjs';
import { resultView } from './result-view.mjs';

const STATES = { QUEUED: 'Waiting', RUNNING: 'Running', SUCCEEDED: 'Done', FAILED: 'Failed', CANCELLED: 'Cancelled' };

export class JobCard {
  element = h('li', { class: 'mcc-card' });
  #parts;
  #announce;
  #job;
  #title = h('b');
  #when = h('small');
  #state = h('span', { class: 'mcc-state' });
  #elsewhere = h('p', { class: 'mcc-muted' }, 'On another series of this study.');
  #progress = h('progress', { max: 1 });
  #message = h('p', { class: 'mcc-muted' });
  #error = h('p', { class: 'mcc-error', role: 'alert' });
  #result = h('div');
  #actions = h('div', { class: 'mcc-actions' });
  #cancel = button('Cancel', () => void this.#stop());
  #toggle = button('', () => void this.#switch(), { class: 'mcc-button mcc-toggle' });

  constructor(parts, announce) {
    this.#parts = parts;
    this.#announce = announce;
    this.element.append(
      h('div', { class: 'mcc-row' }, h('span', { class: 'mcc-title' }, this.#title, this.#when), this.#state),
      this.#elsewhere, this.#progress, this.#message, this.#error, this.#result, this.#actions);
  }

  update(job, activeSeries) {
    const previous = this.#job;
    this.#job = job;
    const name = job.modelDisplayName || 'Model';
    this.element.dataset.job = job.name;
    this.element.dataset.state = job.state;
    this.#title.textContent = name;
    this.#when.textContent = when(job.createTime);
    this.#state.textContent = STATES[job.state] ?? job.state;
    this.#progress.hidden = !unfinished(job);
    this.#progress.setAttribute('aria-label', `Progress of ${name}`);
    if (job.state === 'RUNNING' && job.progress > 0) {
      this.#progress.value = job.progress;
    } else {
      this.#progress.removeAttribute('value');
    }
    this.#message.textContent = unfinished(job) ? runningText(job) : '';
    if (job.state !== previous?.state) {
      this.#showOutcome(job);
      if (previous) {
        this.#announce(`${name}: ${STATES[job.state]}${job.error?.message ? `. ${job.error.message}` : ''}`);
      }
    }
    this.refresh(activeSeries);
  }

  /** What depends on the viewports rather than on the job. */
  refresh(activeSeries) {
    const job = this.#job;
    const { overlays, jobs } = this.#parts;
    this.#elsewhere.hidden = !activeSeries || activeSeries === job.seriesInstanceUid;
    const shown = overlays.isShown(job);
    this.element.dataset.shown = String(shown);
    if (job.state === 'SUCCEEDED') {
      const busy = jobs.isShowing(job);
      const segmentation = Overlays.isSegmentation(job.result);
      this.#toggle.textContent = busy ? 'Drawing…' : segmentation ? (shown ? 'Hide overlay' : 'Show overlay') : 'Show images';
      this.#toggle.disabled = busy || (!segmentation && shown);
      this.#toggle.setAttribute('aria-pressed', String(shown));
      fill(this.#error, jobs.errorOf(job));
    }
    fill(this.#actions, unfinished(job) && this.#cancel, job.state === 'SUCCEEDED' && job.result?.seriesInstanceUid && this.#toggle);
  }

  #showOutcome(job) {
    if (job.state === 'FAILED') {
      fill(this.#error, job.error?.message || 'The model failed.');
    }
    fill(this.#result,
      job.state === 'SUCCEEDED' && job.result && resultView(job, this.#parts.overlays),
      job.error?.detail && h('details', {}, h('summary', {}, 'Details'), h('pre', {}, job.error.detail)));
  }

  async #switch() {
    const { overlays, jobs } = this.#parts;
    if (overlays.isShown(this.#job)) {
      jobs.hide(this.#job);
    } else {
      await jobs.show(this.#job);
    }
  }

  async #stop() {
    this.#cancel.disabled = true;
    try {
      await this.#parts.jobs.cancel(this.#job);
    } catch (error) {
      fill(this.#error, describe(error));
    } finally {
      this.#cancel.disabled = false;
    }
  }
}

function runningText(job) {
  const percent = job.progress > 0 ? `${Math.floor(job.progress * 100)} %` : '';
  const again = job.attempt > 1 ? `attempt ${job.attempt}` : '';
  return [job.message || (job.state === 'QUEUED' ? 'Waiting for a free pod' : ''), percent, again].filter(Boolean).join(' · ');
}

function when(time) {
  const date = new Date(time);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(undefined, today ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' });
}
