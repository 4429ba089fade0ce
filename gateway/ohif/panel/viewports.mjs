/**
 * What the viewports of the current mode show.
 *
 * Display sets are OHIF's: StudyInstanceUID, SeriesInstanceUID, Modality, SeriesDescription, numImageFrames, instances.
 */
export class Viewports {
  #services;
  #subscriptions = [];
  /** Elements that have drawn something since their data changed. */
  #rendered = new WeakSet();
  #listeners = new Set();

  constructor(services) {
    this.#services = services;
  }

  /** Called when a mode is entered: only then do the grid's events mean anything. */
  start() {
    this.stop();
    const { viewportGridService: grid, cornerstoneViewportService: viewports, displaySetService: displaySets, segmentationService: segmentations } = this.#services;
    const changed = () => this.#listeners.forEach(listener => listener());
    const subscribe = (service, event) => this.#subscriptions.push(service.subscribe(service.EVENTS[event], changed));
    this.#watchRendering(viewports, changed);
    subscribe(grid, 'ACTIVE_VIEWPORT_ID_CHANGED');
    subscribe(grid, 'GRID_STATE_CHANGED');
    subscribe(grid, 'VIEWPORTS_READY');
    subscribe(displaySets, 'DISPLAY_SETS_ADDED');
    subscribe(segmentations, 'SEGMENTATION_REPRESENTATION_MODIFIED');
    subscribe(segmentations, 'SEGMENTATION_REPRESENTATION_REMOVED');
    changed();
  }

  stop() {
    this.#subscriptions.splice(0).forEach(subscription => subscription.unsubscribe());
  }

  /** Calls back when the viewports, what they show, or the known series change; returns the function that stops it. */
  onChange(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The studies that the viewer was opened with. */
  studies() {
    const found = new Set(this.#services.displaySetService.getActiveDisplaySets().map(set => set.StudyInstanceUID));
    const query = new URLSearchParams(window.location.search);
    for (const value of query.getAll('StudyInstanceUIDs')) {
      value.split(/[,\\]/).filter(Boolean).forEach(uid => found.add(uid));
    }
    return [...found].filter(Boolean);
  }

  /** The image series in the active viewport; undefined when it is empty or shows no images. */
  activeSeries() {
    try {
      const id = this.#services.viewportGridService.getActiveViewportId();
      return this.displaySetsIn(id).find(isImageSeries);
    } catch {
      // The grid has no state before it is mounted.
      return undefined;
    }
  }

  activeViewportId() {
    return this.#services.viewportGridService.getActiveViewportId();
  }

  displaySetsIn(viewportId) {
    const { viewportGridService, displaySetService } = this.#services;
    const uids = viewportGridService.getDisplaySetsUIDsForViewport(viewportId) ?? [];
    return uids.map(uid => displaySetService.getDisplaySetByUID(uid)).filter(Boolean);
  }

  /** The viewports that show a series as images and have drawn it; the active one first. */
  showing(seriesInstanceUid) {
    try {
      const { activeViewportId, viewports } = this.#services.viewportGridService.getState();
      return [...viewports.keys()]
        .sort((a, b) => Number(b === activeViewportId) - Number(a === activeViewportId))
        .filter(id => this.displaySetsIn(id).some(set => set.SeriesInstanceUID === seriesInstanceUid && isImageSeries(set)) && this.#drawn(id));
    } catch {
      return [];
    }
  }

  /** Display sets of a series that OHIF knows. */
  displaySetsOf(seriesInstanceUid) {
    return this.#services.displaySetService.getDisplaySetsForSeries(seriesInstanceUid) ?? [];
  }

  /** OHIF has no event for the first drawn image; cornerstone's is on the viewport's element and does not bubble. */
  #watchRendering(viewports, changed) {
    const drawn = event => {
      if (!this.#rendered.has(event.target)) {
        this.#rendered.add(event.target);
        // The viewport's status changes right after its event.
        setTimeout(changed);
      }
    };
    document.addEventListener('CORNERSTONE_IMAGE_RENDERED', drawn, true);
    this.#subscriptions.push({ unsubscribe: () => document.removeEventListener('CORNERSTONE_IMAGE_RENDERED', drawn, true) });
    this.#subscriptions.push(viewports.subscribe(viewports.EVENTS.VIEWPORT_DATA_CHANGED, () => {
      this.#rendered = new WeakSet();
      changed();
    }));
  }

  #drawn(viewportId) {
    try {
      return this.#services.cornerstoneViewportService.getCornerstoneViewport(viewportId)?.viewportStatus === 'rendered';
    } catch {
      return false;
    }
  }
}

function isImageSeries(displaySet) {
  return !displaySet.isOverlayDisplaySet && displaySet.Modality !== 'SEG' && (displaySet.numImageFrames ?? 0) > 0;
}
