/**
 * The jobs of the studies that are open in the viewer: listed when the mode is entered, followed while they run, their
 * results drawn when they are wanted. Lives as long as the viewer, whether the panel is open or not.
 */
import { describe } from '../lib/errors.mjs';
import { cancelJob, followJob, listJobs, runJob, unfinished } from '../lib/jobs.mjs';
import { Overlays } from './overlays.mjs';

/** Names of jobs started in this tab whose result the user has not seen yet; survives leaving the viewer. */
const WANTED = 'mcc-wanted-results';

export class StudyJobs {
  #viewports;
  #overlays;
  #jobs = new Map();
  #errors = new Map();
  #listeners = new Set();
  #showing = new Set();
  #wanted = new Set(JSON.parse(sessionStorage.getItem(WANTED) ?? '[]'));
  #abort = new AbortController();
  #known = new Set();
  #unsubscribe = () => {};
  /** Why the jobs could not be listed, for the user; empty when they could. */
  problem = '';

  constructor(viewports, overlays) {
    this.#viewports = viewports;
    this.#overlays = overlays;
  }

  start() {
    this.stop();
    this.#abort = new AbortController();
    const asked = new URLSearchParams(window.location.search).get('mccJob');
    if (asked) {
      this.#want(asked, true);
    }
    this.#unsubscribe = this.#viewports.onChange(() => this.#lookAtViewports());
    this.#lookAtViewports();
  }

  stop() {
    this.#abort.abort();
    this.#unsubscribe();
    this.#known.clear();
    this.#jobs.clear();
    this.#errors.clear();
  }

  /** Calls back on every change; returns the function that stops it. */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Newest first. */
  all() {
    return [...this.#jobs.values()].sort((a, b) => (a.createTime < b.createTime ? 1 : -1));
  }

  /** Why the result of a job could not be drawn. */
  errorOf(job) {
    return this.#errors.get(job.name) ?? '';
  }

  isShowing(job) {
    return this.#showing.has(job.name);
  }

  async run(model, studyInstanceUid, seriesInstanceUid) {
    const job = await runJob(model, studyInstanceUid, seriesInstanceUid);
    this.#want(job.name, true);
    this.#changed(job);
    this.#follow(job);
  }

  async cancel(job) {
    this.#changed(await cancelJob(job.name));
  }

  /** Draws the result; what goes wrong is kept for errorOf. */
  async show(job) {
    this.#showing.add(job.name);
    this.#errors.delete(job.name);
    this.#tell();
    try {
      await this.#overlays.show(job);
      this.#want(job.name, false);
    } catch (error) {
      this.#errors.set(job.name, describe(error instanceof Error ? error.message : error));
      this.#want(job.name, false);
    } finally {
      this.#showing.delete(job.name);
      this.#tell();
    }
  }

  hide(job) {
    this.#want(job.name, false);
    this.#overlays.hide(job);
    this.#tell();
  }

  async reload() {
    this.#known.clear();
    this.#lookAtViewports();
  }

  #lookAtViewports() {
    for (const study of this.#viewports.studies()) {
      if (!this.#known.has(study)) {
        this.#known.add(study);
        void this.#list(study);
      }
    }
    this.#showWanted();
    this.#tell();
  }

  async #list(study) {
    const { signal } = this.#abort;
    try {
      const { jobs } = await listJobs(study, undefined, signal);
      this.problem = '';
      for (const job of jobs) {
        const fresh = !this.#jobs.has(job.name);
        this.#changed(job);
        if (fresh && unfinished(job)) {
          this.#follow(job);
        }
      }
    } catch (error) {
      if (!signal.aborted) {
        this.problem = describe(error);
        this.#tell();
      }
    }
  }

  #follow(job) {
    void followJob(job.name, changed => this.#changed(changed), this.#abort.signal);
  }

  #changed(job) {
    this.#jobs.set(job.name, job);
    if (job.state === 'FAILED' || job.state === 'CANCELLED') {
      this.#want(job.name, false);
    }
    this.#showWanted();
    this.#tell();
  }

  /** A result is drawn by itself only over a viewport that shows its source: nobody's layout is changed unasked. */
  #showWanted() {
    for (const name of this.#wanted) {
      const job = this.#jobs.get(name);
      if (job?.state === 'SUCCEEDED' && !this.#showing.has(name) && this.#overlays.canShowInPlace(job)) {
        void this.show(job);
      } else if (job?.state === 'SUCCEEDED' && !Overlays.isSegmentation(job.result)) {
        this.#want(name, false);
      }
    }
  }

  #want(name, wanted) {
    this.#wanted[wanted ? 'add' : 'delete'](name);
    sessionStorage.setItem(WANTED, JSON.stringify([...this.#wanted]));
  }

  #tell() {
    this.#listeners.forEach(listener => listener());
  }
}
