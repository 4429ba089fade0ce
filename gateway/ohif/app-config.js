/**
 * Configuration of the OHIF viewer (@ohif/app 3.13.2), served as /app-config.js. Everything of ours in the viewer is the
 * extension /ohif-ext/mcc.mjs; its panel stands first on the right in every mode.
 */
window.config = {
  name: 'medcloudcare',
  routerBasename: '/',
  extensions: ['/ohif-ext/mcc.mjs'],
  modes: [],
  customizationService: {
    global: { 'ohif.tours': { $set: [] } },
    mode: { '*': { rightPanels: { $unshift: ['medcloudcare.panelModule.models'] } } },
  },
  // The portal's study list is the one to use.
  showStudyList: false,
  showLoadingIndicator: true,
  showWarningMessageForCrossOrigin: false,
  showCPUFallbackMessage: true,
  strictZSpacingForVolumeViewport: true,
  maxNumberOfWebWorkers: 3,
  showErrorDetails: 'production',
  // Our panel says permanently what the results of models may be used for.
  investigationalUseDialog: { option: 'never' },
  // A result that the user asked for is drawn without another question.
  disableConfirmationPrompts: true,
  // HTTP/1.1 has six connections: leave some for the panel.
  maxNumRequests: { interaction: 100, thumbnail: 3, prefetch: 10 },
  defaultDataSourceName: 'medcloudcare',
  dataSources: [
    {
      namespace: '@ohif/extension-default.dataSourcesModule.dicomweb',
      sourceName: 'medcloudcare',
      configuration: {
        friendlyName: 'MedCloudCare',
        name: 'medcloudcare',
        qidoRoot: '/dicomweb',
        wadoRoot: '/dicomweb',
        wadoUriRoot: '/dicomweb',
        qidoSupportsIncludeField: true,
        imageRendering: 'wadors',
        thumbnailRendering: 'wadors',
        thumbnailRequestStrategy: 'fetch',
        enableStudyLazyLoad: true,
        supportsFuzzyMatching: true,
        supportsWildcard: true,
        supportsReject: false,
        dicomUploadEnabled: false,
        omitQuotationForMultipartRequest: true,
        bulkDataURI: { enabled: true, relativeResolution: 'instances' },
      },
    },
  ],
  // Called for every failed DICOMweb request, aborted ones included.
  httpErrorHandler: error => {
    if (error?.status === 401) {
      window.dispatchEvent(new Event('mcc-unauthenticated'));
    }
  },
  whiteLabeling: {
    createLogoComponentFn: React =>
      React.createElement(
        'a',
        { href: '/app/', className: 'flex items-center gap-2 text-white', 'aria-label': 'MedCloudCare, back to the studies' },
        React.createElement('img', { src: '/app/logo.svg', alt: '', width: 24, height: 24 }),
        React.createElement('span', { className: 'text-base' }, 'MedCloudCare'),
      ),
  },
};
