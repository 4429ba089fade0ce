/** The models fit for a series, each with what it does and a button that runs it. */
import { get } from '../lib/api.mjs';
import { describe } from '../lib/errors.mjs';
import { button, fill, h } from './dom.mjs';

const TASKS = {
  INFER_TYPE_SEGMENTATION: 'Segmentation',
  INFER_TYPE_DETECTION: 'Detection',
  INFER_TYPE_CLASSIFICATION: 'Classification',
  INFER_TYPE_LOCALISATION: 'Localisation',
  INFER_TYPE_REGISTRATION: 'Registration',
  INFER_TYPE_PROCESSING: 'Image processing',
};
const DETAILS = [
  ['description', 'What it does'],
  ['performance', 'Performance'],
  ['dataDescription', 'Trained on'],
  ['architecture', 'Architecture'],
  ['input', 'Input'],
  ['output', 'Output'],
  ['references', 'References'],
];

export class ModelList {
  element = h('div', { class: 'mcc-models' });
  #run;
  #abort = new AbortController();
  #key;

  /** @param {(model: any) => Promise<void>} run starts a model on the active series */
  constructor(run) {
    this.#run = run;
  }

  dispose() {
    this.#abort.abort();
  }

  /** @param {any} series OHIF's display set; undefined when there is none to apply a model to */
  async showFor(series) {
    const query = series && { modality: series.Modality, bodyPart: series.instances?.[0]?.BodyPartExamined ?? '', pageSize: 100 };
    const key = JSON.stringify(query);
    if (key === this.#key) {
      return;
    }
    this.#key = key;
    this.#abort.abort();
    this.#abort = new AbortController();
    if (!query) {
      fill(this.element, h('p', { class: 'mcc-muted' }, 'No series is selected.'));
      return;
    }
    await this.#load(query, series, this.#abort.signal);
  }

  async #load(query, series, signal) {
    fill(this.element, h('p', { class: 'mcc-muted', role: 'status' }, 'Looking for models…'));
    try {
      const { models = [] } = await get('/v1/models', query, signal);
      fill(this.element, models.length > 0
        ? h('ul', { class: 'mcc-list' }, models.map(model => this.#card(model)))
        : h('p', { class: 'mcc-muted' }, `No model has been made available for ${series.Modality} series like this.`));
    } catch (error) {
      if (!signal.aborted) {
        fill(this.element, h('p', { class: 'mcc-error', role: 'alert' }, describe(error), ' ', button('Try again', () => void this.#load(query, series, signal))));
      }
    }
  }

  #card(model) {
    const { form } = model;
    const error = h('p', { class: 'mcc-error', role: 'alert' });
    const run = button('Run', () => void this.#start(model, run, error), { class: 'mcc-button mcc-primary', 'aria-label': `Run ${form.displayName} on this series` });
    // A description of a line or two stands above already.
    const details = DETAILS.filter(([field]) => form[field] && (field !== 'description' || form.description.length > 80));
    return h('li', { class: 'mcc-card', 'data-model': model.name },
      h('div', { class: 'mcc-row' },
        h('span', { class: 'mcc-title' }, h('b', {}, form.displayName), h('small', {}, TASKS[form.task] ?? '')),
        run),
      form.description && h('p', { class: 'mcc-brief' }, form.description),
      details.length > 0 && h('details', {},
        h('summary', {}, 'About this model'),
        h('dl', {}, details.map(([field, title]) => [h('dt', {}, title), h('dd', { class: 'mcc-text' }, form[field])]))),
      error);
  }

  async #start(model, run, error) {
    run.disabled = true;
    fill(error);
    try {
      await this.#run(model);
    } catch (failure) {
      fill(error, describe(failure));
    } finally {
      run.disabled = false;
    }
  }
}
