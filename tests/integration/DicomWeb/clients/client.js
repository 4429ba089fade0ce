// Uses dicomweb-client (the one inside OHIF) the way a viewer does, against the mesh of MCC_URL with the token of MCC_TOKEN.
// The folder named by the first argument holds Part 10 files of one study. Every step compares bytes; the last line on
// standard output is JSON of what was done. Trust comes from NODE_EXTRA_CA_CERTS.
'use strict';

const assert = require('node:assert');
const crypto = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
global.XMLHttpRequest = require('xhr2');
const { api } = require('dicomweb-client');

const hash = (buffer) => crypto.createHash('sha256').update(Buffer.from(buffer)).digest('hex');
const text = (dataset, tag) => dataset[tag] && dataset[tag].Value && dataset[tag].Value[0];

async function main() {
  const folder = process.argv[2];
  const files = fs.readdirSync(folder).sort().map((name) => fs.readFileSync(path.join(folder, name)));
  const client = new api.DICOMwebClient({ url: process.env.MCC_URL, headers: { Authorization: `Bearer ${process.env.MCC_TOKEN}` } });
  const done = {};

  // STOW-RS: all files in one request, then the same again.
  const datasets = files.map((f) => f.buffer.slice(f.byteOffset, f.byteOffset + f.length));
  await client.storeInstances({ datasets });
  await client.storeInstances({ datasets: datasets.slice(0, 1) });

  // QIDO-RS down the levels.
  const studies = await client.searchForStudies({ queryParams: { PatientName: '*', limit: 10, includefield: '00081030' } });
  assert.strictEqual(studies.length, 1);
  const studyInstanceUID = text(studies[0], '0020000D');
  const series = await client.searchForSeries({ studyInstanceUID });
  assert.strictEqual(series.length, 1);
  const seriesInstanceUID = text(series[0], '0020000E');
  const instances = await client.searchForInstances({ studyInstanceUID, seriesInstanceUID });
  assert.strictEqual(instances.length, files.length);
  done.instances = instances.length;

  // Metadata on each level are the same.
  const ofStudy = await client.retrieveStudyMetadata({ studyInstanceUID });
  const ofSeries = await client.retrieveSeriesMetadata({ studyInstanceUID, seriesInstanceUID });
  assert.deepStrictEqual(ofStudy, ofSeries);
  const sopInstanceUID = text(instances[0], '00080018');
  const [metadata] = await client.retrieveInstanceMetadata({ studyInstanceUID, seriesInstanceUID, sopInstanceUID });
  assert.deepStrictEqual(metadata, ofSeries.find((m) => text(m, '00080018') === sopInstanceUID));

  // WADO-RS: an instance, the series, the study, byte for byte.
  const expected = files.map(hash).sort();
  const one = await client.retrieveInstance({ studyInstanceUID, seriesInstanceUID, sopInstanceUID });
  assert.ok(expected.includes(hash(one)), 'the instance differs');
  assert.deepStrictEqual((await client.retrieveSeries({ studyInstanceUID, seriesInstanceUID })).map(hash).sort(), expected);
  assert.deepStrictEqual((await client.retrieveStudy({ studyInstanceUID })).map(hash).sort(), expected);
  done.files = expected.length;

  // Frames and bulk data are the end of the file that holds them.
  const [frame] = await client.retrieveInstanceFrames({ studyInstanceUID, seriesInstanceUID, sopInstanceUID, frameNumbers: [1] });
  const file = Buffer.from(one);
  assert.ok(file.subarray(file.length - frame.byteLength).equals(Buffer.from(frame)), 'the frame differs');
  const bulk = await client.retrieveBulkData({ BulkDataURI: metadata['7FE00010'].BulkDataURI });
  const value = Buffer.from(Array.isArray(bulk) ? bulk[0] : bulk);
  assert.ok(value.equals(Buffer.from(frame)), 'the bulk data differ');
  done.frameBytes = frame.byteLength;

  // Rendered.
  const [rendered] = await client.retrieveInstanceRendered({ studyInstanceUID, seriesInstanceUID, sopInstanceUID });
  assert.deepStrictEqual([...new Uint8Array(rendered).subarray(0, 2)], [0xff, 0xd8]);

  // What is not there is an error with its status.
  await assert.rejects(client.retrieveStudyMetadata({ studyInstanceUID: '1.2.3' }), (e) => e.status === 404);
  console.log(JSON.stringify(done));
}

main().catch((e) => {
  console.error(e instanceof Error ? e.stack : e);
  process.exit(1);
});
