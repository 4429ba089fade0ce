/**
 * Results in the viewports, by OHIF's own handlers. The order of the calls was found by measurement on 3.13.2: a series that
 * arrives while the study is open is fetched through the data source, whose cache has to be told; a segmentation is then
 * added as a layer of the viewport that shows its source.
 */
const SEGMENTATION_CLASSES = ['1.2.840.10008.5.1.4.1.1.66.4', '1.2.840.10008.5.1.4.1.1.66.7'];
/** A segmentation of hundreds of frames is drawn within seconds; after this long nothing will come. */
const DRAW_TIMEOUT_MS = 60_000;

export class Overlays {
  #services;
  #commands;
  #extensions;
  #viewports;
  #refreshing = new Map();

  constructor({ services, commandsManager, extensionManager, viewports }) {
    this.#services = services;
    this.#commands = commandsManager;
    this.#extensions = extensionManager;
    this.#viewports = viewports;
  }

  static isSegmentation(result) {
    return SEGMENTATION_CLASSES.includes(result?.sopClassUid);
  }

  /** Whether some viewport shows this result: a segmentation as a visible layer, images as such. */
  isShown(job) {
    const set = this.#viewports.displaySetsOf(job.result?.seriesInstanceUid)[0];
    const holders = set ? this.#holders(set) : [];
    return Overlays.isSegmentation(job.result) ? holders.some(id => this.#isVisible(id, set)) : holders.length > 0;
  }

  /** Whether show() can do its work without changing what the viewports show. */
  canShowInPlace(job) {
    return Overlays.isSegmentation(job.result) && this.#viewports.showing(job.seriesInstanceUid).length > 0;
  }

  /** Draws the result of a job. Puts the source series into the active viewport if no viewport shows it. Throws Error. */
  async show(job) {
    const set = await this.#displaySet(job);
    if (!Overlays.isSegmentation(job.result)) {
      return this.#replaceActive(set);
    }
    let [viewportId] = this.#viewports.showing(job.seriesInstanceUid);
    if (!viewportId) {
      const source = this.#viewports.displaySetsOf(job.seriesInstanceUid)[0];
      if (!source) {
        throw new Error('The series that this result belongs to is not in this study any more.');
      }
      this.#replaceActive(source);
      viewportId = await this.#until(() => this.#viewports.showing(job.seriesInstanceUid)[0]);
    }
    if (!this.#holders(set).includes(viewportId)) {
      await this.#addLayer(viewportId, set);
    } else if (!this.#isVisible(viewportId, set)) {
      this.#toggle(viewportId, set);
    }
  }

  /** Hides a segmentation in every viewport. The layer stays: removing it would set the viewport back to its first slice. */
  hide(job) {
    for (const set of this.#viewports.displaySetsOf(job.result?.seriesInstanceUid)) {
      this.#holders(set).filter(id => this.#isVisible(id, set)).forEach(id => this.#toggle(id, set));
    }
  }

  /** Moves the viewports that show this result to the middle of one segment. */
  jumpToSegment(job, segmentIndex) {
    const set = this.#viewports.displaySetsOf(job.result.seriesInstanceUid)[0];
    for (const viewportId of set ? this.#holders(set) : []) {
      this.#services.segmentationService.jumpToSegmentCenter(set.displaySetInstanceUID, segmentIndex, viewportId);
    }
  }

  /** Moves the viewport that shows the source of a job to one of its images. Answers whether it could. */
  jumpToImage(job, sopInstanceUid, frame) {
    const [viewportId] = this.#viewports.showing(job.seriesInstanceUid);
    const set = this.#viewports.displaySetsOf(job.seriesInstanceUid)[0];
    const images = set?.images ?? set?.instances ?? [];
    const index = images.findIndex(image => image.SOPInstanceUID === sopInstanceUid);
    if (!viewportId || index < 0) {
      return false;
    }
    const { element } = this.#services.cornerstoneViewportService.getCornerstoneViewport(viewportId);
    window.cornerstone.utilities.jumpToSlice(element, { imageIndex: images.length === 1 ? Math.max(0, (frame || 1) - 1) : index });
    return true;
  }

  async #displaySet(job) {
    const uid = job.result.seriesInstanceUid;
    if (this.#viewports.displaySetsOf(uid).length === 0) {
      await this.refresh(job.studyInstanceUid);
    }
    const set = this.#viewports.displaySetsOf(uid)[0];
    if (!set) {
      throw new Error('The result cannot be found in the study. It may have been deleted.');
    }
    return set;
  }

  /** Makes series that were stored since the study was opened known to the viewer. */
  refresh(study) {
    if (!this.#refreshing.has(study)) {
      this.#refreshing.set(study, this.#fetchNewSeries(study).finally(() => this.#refreshing.delete(study)));
    }
    return this.#refreshing.get(study);
  }

  async #fetchNewSeries(study) {
    const [source] = this.#extensions.getActiveDataSource();
    const known = new Set(this.#services.displaySetService.getActiveDisplaySets().map(set => set.SeriesInstanceUID));
    const series = await source.query.series.search(study);
    const fresh = series.map(entry => entry.seriesInstanceUid).filter(uid => !known.has(uid));
    if (fresh.length === 0) {
      return;
    }
    // The key of the cache has the name of the source in it; with the bare study UID nothing is forgotten.
    const key = `${source.getConfig().name}:${study}`;
    source.deleteStudyMetadataPromise(key);
    await source.retrieve.series.metadata({ StudyInstanceUID: study, filters: { seriesInstanceUID: fresh } });
    source.deleteStudyMetadataPromise(key);
    await this.#until(() => fresh.every(uid => this.#viewports.displaySetsOf(uid).length > 0), 5_000).catch(() => {});
  }

  async #addLayer(viewportId, set) {
    const displaySetInstanceUID = set.displaySetInstanceUID;
    this.#commands.run('addDisplaySetAsLayer', { viewportId, displaySetInstanceUID });
    const drawn = () => this.#representations(viewportId, set).length > 0;
    try {
      await Promise.race([this.#until(drawn), this.#loadFailure(set)]);
    } catch (error) {
      // A segmentation that does not load leaves a dead layer behind.
      this.#commands.run('removeDisplaySetLayer', { viewportId, displaySetInstanceUID });
      throw new Error(`The viewer cannot draw this segmentation: ${error?.message ?? error}`);
    }
  }

  /** Never resolves; rejects when the loading, which starts some time after the layer was added, fails. */
  async #loadFailure(set) {
    // In an array, because a promise that is resolved with a promise becomes that promise.
    const [promise] = await this.#until(() => set.loadingPromise && [set.loadingPromise]).catch(() => []);
    await promise;
    return new Promise(() => {});
  }

  #representations(viewportId, set) {
    return this.#services.segmentationService.getSegmentationRepresentations(viewportId, { segmentationId: set.displaySetInstanceUID });
  }

  #isVisible(viewportId, set) {
    return this.#representations(viewportId, set)
      .some(representation => Object.values(representation.segments).some(segment => segment.visible));
  }

  #toggle(viewportId, set) {
    for (const { segmentationId, type } of this.#representations(viewportId, set)) {
      this.#services.segmentationService.toggleSegmentationRepresentationVisibility(viewportId, { segmentationId, type });
    }
  }

  #replaceActive(set) {
    this.#commands.run('setDisplaySetsForViewports', {
      viewportsToUpdate: [{ viewportId: this.#viewports.activeViewportId(), displaySetInstanceUIDs: [set.displaySetInstanceUID] }],
    });
  }

  #holders(set) {
    try {
      const { viewports } = this.#services.viewportGridService.getState();
      return [...viewports.entries()]
        .filter(([, viewport]) => viewport.displaySetInstanceUIDs?.includes(set.displaySetInstanceUID))
        .map(([id]) => id);
    } catch {
      return [];
    }
  }

  /** The first truthy value of `condition`; OHIF has no one event for what is waited for here. */
  #until(condition, timeout = DRAW_TIMEOUT_MS) {
    const end = performance.now() + timeout;
    return new Promise((resolve, reject) => {
      const look = () => {
        const value = condition();
        if (value) {
          resolve(value);
        } else if (performance.now() > end) {
          reject(new Error('it took too long'));
        } else {
          setTimeout(look, 50);
        }
      };
      look();
    });
  }
}
