/** The panel "AI models": the active series, the models fit for it, and the jobs of the open studies. */
import { button, fill, h } from './dom.mjs';
import { JobCard } from './job-card.mjs';
import { ModelList } from './model-list.mjs';

export class Panel {
  #root;
  #parts;
  #models;
  #cards = new Map();
  #stops = [];
  #series = h('div', { class: 'mcc-series' });
  #results = h('ul', { class: 'mcc-list' });
  #problem = h('p', { class: 'mcc-error', role: 'alert' });
  #live = h('p', { class: 'mcc-hidden', 'aria-live': 'polite' });
  #none = h('p', { class: 'mcc-muted' }, 'Nothing has been run on this study yet.');

  /** @param {HTMLElement} host @param {{ viewports, overlays, jobs }} parts */
  constructor(host, parts) {
    this.#parts = parts;
    this.#models = new ModelList(model => this.#run(model));
    this.#root = h('section', { class: 'mcc-panel', 'aria-label': 'AI models' },
      this.#series,
      h('h2', {}, 'Models for this series'),
      this.#models.element,
      h('h2', {}, 'Results in this study'),
      this.#problem,
      this.#none,
      this.#results,
      this.#live,
      h('p', { class: 'mcc-note' }, 'Not for diagnostic use. Results of models are a second reader at most: check them against the images.'));
    // The viewer's hotkeys would take these from the panel's buttons.
    this.#root.addEventListener('keydown', event => {
      if (event.key === ' ' || event.key === 'Enter') {
        event.stopPropagation();
      }
    });
    styleSheet();
    host.replaceChildren(this.#root);
    this.#stops.push(parts.viewports.onChange(() => this.#showSeries()), parts.jobs.onChange(() => this.#showJobs()));
    this.#showSeries();
    this.#showJobs();
  }

  dispose() {
    this.#stops.splice(0).forEach(stop => stop());
    this.#models.dispose();
    this.#root.remove();
  }

  #showSeries() {
    const series = this.#parts.viewports.activeSeries();
    const uid = series?.SeriesInstanceUID ?? '';
    if (this.#series.dataset.series !== uid) {
      this.#series.dataset.series = uid;
      const images = series?.numImageFrames ?? 0;
      fill(this.#series, series
        ? [
          h('span', { class: 'mcc-modality' }, series.Modality),
          h('span', { class: 'mcc-series-text' },
            h('b', {}, series.SeriesDescription || 'Series without description'),
            h('small', {}, `${images} ${images === 1 ? 'image' : 'images'}`)),
        ]
        : h('span', { class: 'mcc-muted' }, 'Select a viewport with an image series.'));
      void this.#models.showFor(series);
    }
    for (const card of this.#cards.values()) {
      card.refresh(uid);
    }
  }

  #showJobs() {
    const { jobs } = this.#parts;
    const active = this.#parts.viewports.activeSeries()?.SeriesInstanceUID ?? '';
    const all = jobs.all();
    for (const job of all) {
      let card = this.#cards.get(job.name);
      if (!card) {
        card = new JobCard(this.#parts, text => {
          this.#live.textContent = text;
        });
        this.#cards.set(job.name, card);
      }
      card.update(job, active);
    }
    for (const name of [...this.#cards.keys()].filter(known => !all.some(job => job.name === known))) {
      this.#cards.delete(name);
    }
    fill(this.#results, all.map(job => this.#cards.get(job.name).element));
    this.#none.hidden = all.length > 0 || Boolean(jobs.problem);
    if (jobs.problem) {
      fill(this.#problem, jobs.problem, ' ', button('Try again', () => void jobs.reload()));
    } else {
      fill(this.#problem);
    }
  }

  async #run(model) {
    const series = this.#parts.viewports.activeSeries();
    if (series) {
      await this.#parts.jobs.run(model.name, series.StudyInstanceUID, series.SeriesInstanceUID);
      this.#live.textContent = `${model.form.displayName} has been started.`;
    }
  }
}

function styleSheet() {
  const href = new URL('./panel.css', import.meta.url).pathname;
  if (!document.querySelector(`link[href="${href}"]`)) {
    document.head.append(h('link', { rel: 'stylesheet', href }));
  }
}
