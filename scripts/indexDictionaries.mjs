/**
 * Writes public/dictionaries/index.json: the dictionaries that ship, with their fixed ids. Each has its training record,
 * featurescope.json, from the run that made it. Run after a folder was added or replaced:
 * node scripts/indexDictionaries.mjs
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../public/dictionaries');
/** Indices of features that come with dictionaries, by the names of their folders: `npm run index -- --short`. */
const INDICES = join(import.meta.dirname, '../public/indices');
const FILES = ['cfg.json', 'sae_weights.safetensors', 'sparsity.safetensors', 'featurescope.json'];

/** What links of older pages name, by the id that is shown for it now: trained anew on a better model, with other features. */
const FORMERLY = Object.fromEntries([
  ...[0, 1, 2, 3, 4, 5].map((layer) => [`blocks.${layer}.hook_resid_post/r4-a0.004`, `blocks.${layer}.hook_resid_post/r4`]),
  ['blocks.3.hook_resid_post/r8-a0.003', 'blocks.3.hook_resid_post/r8'],
  ['blocks.3.hook_attn_out/r4-a0.003', 'blocks.3.hook_attn_out/r4'],
  ['blocks.3.mlp.hook_post/r2-a0.002', 'blocks.3.mlp.hook_post/r2'],
]);

/**
 * "resid_post_3_r4-a0.004" → "r4-a0.004"; the rest of the folder's name only repeats the hook.
 * @param {string} folder
 */
function variantOf(folder) {
  return folder.slice(folder.lastIndexOf('_') + 1);
}

const PIECE_BYTES = 8 * 1024 * 1024;
const sha256 = (/** @type {string | Uint8Array} */ data) => createHash('sha256').update(data).digest('hex');

/**
 * What the page computes for a dictionary opened from files (workers/lens/describe.ts, `tensorHash`).
 * @param {Buffer} file a safetensors file
 */
function tensorHash(file) {
  const start = 8 + Number(file.readBigUInt64LE(0));
  /** @type {Record<string, { data_offsets: [number, number] }>} */
  const header = JSON.parse(file.toString('utf8', 8, start));
  delete header.__metadata__;
  const lines = Object.keys(header)
    .sort()
    .map((name) => {
      const [from, to] = header[name].data_offsets;
      const pieces = [];
      for (let at = from; at < to; at += PIECE_BYTES)
        pieces.push(sha256(file.subarray(start + at, start + Math.min(at + PIECE_BYTES, to))));
      return `${name} ${pieces.join(' ')}`;
    });
  return `sha256-${sha256(lines.join('\n'))}`;
}

/**
 * @param {string} model folder of the model
 * @param {string} folder of the dictionary, inside it
 */
async function describe(model, folder) {
  const path = `${model}/${folder}`;
  const cfg = JSON.parse(await readFile(join(ROOT, path, 'cfg.json'), 'utf8'));
  const present = await readdir(join(ROOT, path));
  const missing = FILES.find((name) => !present.includes(name));
  if (missing) throw new Error(`${path} has no ${missing}.`);
  const sizes = await Promise.all(FILES.map(async (name) => (await stat(join(ROOT, path, name))).size));
  const { hook_name: hook, model_name } = cfg.metadata;
  const name = `${hook}/${variantOf(folder)}`;
  const former = FORMERLY[name];
  const index = existsSync(join(INDICES, `${path}.index`)) && (await describeIndex(`${path}.index`));
  return {
    id: `${model}/${name}`,
    path,
    files: FILES,
    model: model_name,
    hook,
    architecture: cfg.architecture,
    d_in: cfg.d_in,
    d_sae: cfg.d_sae,
    bytes: sizes.reduce((a, b) => a + b, 0),
    hash: tensorHash(await readFile(join(ROOT, path, 'sae_weights.safetensors'))),
    ...(former && { formerly: [`${model}/${former}`] }),
    ...(index && { index }),
  };
}

/**
 * What the header of an index, a safetensors file, says of it (src/core/formats/columnFile.ts).
 * @param {string} path from the folder of all indices
 */
async function describeIndex(path) {
  const file = await readFile(join(INDICES, path));
  const { __metadata__ } = JSON.parse(file.toString('utf8', 8, 8 + Number(file.readBigUInt64LE(0))));
  const meta = JSON.parse(__metadata__.about);
  return { path: `indices/${path}`, corpus: meta.corpus, tokens: meta.tokens, bytes: file.length, model: meta.model };
}

const listed = [];
for (const model of (await readdir(ROOT, { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
  for (const folder of (await readdir(join(ROOT, model.name), { withFileTypes: true })).filter((entry) => entry.isDirectory())) {
    listed.push(await describe(model.name, folder.name));
  }
}
listed.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
if (new Set(listed.map(({ id }) => id)).size !== listed.length) throw new Error('Two folders have the same id.');
await writeFile(join(ROOT, 'index.json'), `${JSON.stringify(listed, null, 1)}\n`);
console.log(`${listed.length} dictionaries, ${listed.reduce((n, { bytes }) => n + bytes, 0)} bytes`);
