/**
 * MedCloudCare's extension of the OHIF viewer: signs its requests with the portal's session and adds the panel
 * "AI models". Loaded at run time by app-config.js.
 */
import { fetchUnalignedFramesSingly } from './lib/bit-frames.mjs';
import { onSession, renew, session } from './lib/session.mjs';
import { Overlays } from './panel/overlays.mjs';
import { Panel } from './panel/panel.mjs';
import { StudyJobs } from './panel/study-jobs.mjs';
import { Viewports } from './panel/viewports.mjs';

const ID = 'medcloudcare';

const PANEL = `${ID}.panelModule.models`;

/** @type {{ viewports: Viewports, overlays: Overlays, jobs: StudyJobs }} */
let parts;
/** @type {Panel | undefined} */
let panel;

export default {
  id: ID,

  /** OHIF awaits this before its first request, which therefore carries a token. */
  async preRegistration({ servicesManager, commandsManager, extensionManager }) {
    servicesManager.services.userAuthenticationService.setServiceImplementation({
      getAuthorizationHeader: () => (session() ? { Authorization: `Bearer ${session().accessToken}` } : {}),
      handleUnauthenticated: () => {
        toSignIn();
        return null;
      },
    });
    if (!(await openSession())) {
      toSignIn();
      // The page is being left; nothing of the viewer should start in between.
      await new Promise(() => {});
    }
    onSession(current => {
      if (!current) {
        toSignIn();
      }
    });
    window.addEventListener('mcc-unauthenticated', () => void renew().catch(() => {}));
    const viewports = new Viewports(servicesManager.services);
    const overlays = new Overlays({ services: servicesManager.services, commandsManager, extensionManager, viewports });
    parts = { viewports, overlays, jobs: new StudyJobs(viewports, overlays) };
  },

  onModeEnter({ servicesManager, extensionManager }) {
    extensionManager.getActiveDataSource().forEach(fetchUnalignedFramesSingly);
    parts.viewports.start();
    parts.jobs.start();
    openPanelOnce(servicesManager.services.panelService);
  },

  onModeExit() {
    parts.jobs.stop();
    parts.viewports.stop();
  },

  getPanelModule() {
    return [{ name: 'models', iconName: 'ToolSegmentAnything', iconLabel: 'AI models', label: 'AI models', component: PanelComponent }];
  },
};

/** The session, or null if there is none; outlasts a server that is restarting. */
async function openSession() {
  for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
    try {
      return await renew();
    } catch {
      await new Promise(resolve => setTimeout(resolve, wait));
    }
  }
}

/** The host's React is not exported: this is the element that createElement('div', {ref}) would make in React 18. */
function PanelComponent() {
  return {
    $$typeof: Symbol.for('react.element'),
    type: 'div',
    key: null,
    ref: mount,
    props: { className: 'mcc-host' },
    _owner: null,
    _store: {},
  };
}

/** One function for all renders: a new ref would make React unmount and mount the panel again. */
function mount(element) {
  panel?.dispose();
  panel = element ? new Panel(element, parts) : undefined;
}

/** Modes start with the right side closed; a panel can be opened only when the first images are there. */
function openPanelOnce(panelService) {
  const stop = parts.viewports.onChange(() => {
    if (parts.viewports.activeSeries()) {
      stop();
      panelService.activatePanel(PANEL, true);
    }
  });
}

function toSignIn() {
  const here = window.location.pathname + window.location.search;
  window.location.replace(`/app/signin?next=${encodeURIComponent(here)}`);
}
