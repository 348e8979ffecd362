/**
 * Sorts out the files a person dropped: which config.json, which weights, which tokenizer. Paths
 * may share folders in front (a dropped folder) or have none (a few files).
 */
import { FormatError, type BlobLike, type Checkpoint } from './bytes.ts';
import { parseConfig, type ModelConfig } from '../lm/config.ts';
import { readSpecialTokens, type SpecialTokenFiles } from '../lm/endOfText.ts';
import { readOnnxCheckpoint } from './onnx/checkpoint.ts';
import { readSafetensors } from './safetensors.ts';
import { readShards } from './shards.ts';
import { isLeftBehind, withoutLeftBehind } from './leftBehind.ts';
import { identifyFile, impostor, readJson, readSettingsJson } from './text.ts';
import { listNames, maybeRecord, quote } from './words.ts';
import { readTorchCheckpoint } from './torch/index.ts';

/** A file with its path in the drop, `/` between folders. */
export interface DroppedFile {
  path: string;
  data: BlobLike;
}

export interface OpenedModel {
  config: ModelConfig;
  configJson: unknown;
  /** Folder or file name, for a person. */
  name: string;
  checkpoint: Checkpoint;
  /** tokenizer.json and tokenizer_config.json as JSON text. */
  tokenizer?: { tokenizer: string; config: string | undefined };
  generationConfig?: unknown;
}

const MAX_CONFIG_BYTES = 4 * 2 ** 20;
const MAX_TOKENIZER_BYTES = 64 * 2 ** 20;
/** A folder of more files is none of these by mistake. */
const MAX_STRANGE = 16;
const INDEX = 'model.safetensors.index.json';
const TORCH_INDEX = 'pytorch_model.bin.index.json';

/**
 * Opens what was dropped; weights are located and checked for shape later, by createParameters.
 * @throws FormatError with one sentence: what was found and what to do. Trouble with config.json
 *   comes before trouble with the weights.
 */
export async function openModelFiles(files: DroppedFile[]): Promise<OpenedModel> {
  const all = withoutLeftBehind(files.map((file) => ({ path: normalisePath(file.path), data: file.data })));
  await refuseStrange(all);
  refuseTwins(all);
  const weights = attempt(() => chooseWeights(all));
  const configFile = chooseConfig(all, weights);
  const { value: configJson } = await readSettingsJson(configFile.data, configFile.path, MAX_CONFIG_BYTES);
  const config = parseConfig(configJson);
  if (weights instanceof FormatError) throw weights;
  const checkpoint = await openWeights(weights, all, config);
  const { tokenizer, json, tokenizerConfig } = await readTokenizer(all, configFile);
  const generation = findNear(all, configFile.path, 'generation_config.json');
  const generationConfig = generation && (await readJson(generation.data, generation.path, MAX_CONFIG_BYTES)).value;
  return {
    config: {
      ...config,
      ...readSpecialTokens({ config: configJson, generation: generationConfig, tokenizer: json, tokenizerConfig }, config.d_vocab),
    },
    configJson,
    name: nameModel(configFile, weights),
    checkpoint,
    ...(tokenizer && { tokenizer }),
    ...(generation && { generationConfig }),
  };
}

/** A picture, a document or another program's model, dropped alone, is called what it is. */
async function refuseStrange(all: DroppedFile[]): Promise<void> {
  const isModelFile = ({ path }: DroppedFile) =>
    path.endsWith('.json') || path.endsWith('.safetensors') || isOnnx({ path }) || isTorch({ path });
  if (all.length > MAX_STRANGE || all.some((file) => isModelFile(file) && !isLeftBehind(file.path))) return;
  for (const { path, data } of all) {
    const found = await identifyFile(data);
    if (found && found.kind !== 'json' && found.kind !== 'text') throw impostor(found, quote(path));
  }
}

async function openWeights(weights: DroppedFile, all: DroppedFile[], config: ModelConfig): Promise<Checkpoint> {
  const beside = (name: string) => findBeside(all, weights.path, name);
  if (baseName(weights.path) === INDEX) return readShards(weights, beside, readSafetensors);
  if (baseName(weights.path) === TORCH_INDEX) return readShards(weights, beside, readTorchCheckpoint);
  if (isOnnx(weights))
    return readOnnxCheckpoint(weights.data, config, weights.path, (location) => findExternal(all, weights.path, location));
  return isTorch(weights) ? readTorchCheckpoint(weights.data, weights.path) : readSafetensors(weights.data, weights.path);
}

/**
 * safetensors before ONNX before PyTorch, the hub's names before others.
 * @throws FormatError when no weights or several equally likely ones are there
 */
function chooseWeights(all: DroppedFile[]): DroppedFile {
  const named = (name: string) => all.filter(({ path }) => baseName(path) === name);
  const indexes = named(INDEX);
  const safetensors = all.filter((file) => file.path.endsWith('.safetensors'));
  const onnx = all.filter(isOnnx);
  const single = [...safetensors, ...onnx];
  if (indexes.length === 0 && onnx.length === 0) refuseLoneShards(safetensors, INDEX);
  if (single.length === 1 && indexes.length === 0) return single[0];
  const ranks = [
    named('model.safetensors'),
    indexes,
    named('model.onnx'),
    onnx,
    safetensors,
    named('pytorch_model.bin'),
    named(TORCH_INDEX),
    all.filter(isTorch),
  ];
  const best = ranks.find((rank) => rank.length > 0);
  if (!best) throw noWeights(all);
  if (best === ranks.at(-1)) refuseLoneShards(best, TORCH_INDEX);
  if (best.length > 1) {
    throw new FormatError(
      `Several files could be the model's weights: ${listNames(best.map(({ path }) => path))}. Drop only the one you mean, with its config.json.`,
    );
  }
  return best[0];
}

/** Shards cannot be told from other files without their index. */
function refuseLoneShards(weights: DroppedFile[], index: string): void {
  const parts = weights.filter(({ path }) => /-\d{5}-of-(?!00001)\d{5}\.(safetensors|bin)$/.test(path));
  if (parts.length > 0 && parts.length === weights.length) {
    throw new FormatError(
      `${listNames(parts.map(({ path }) => path))}: these are parts of one model. Drop ${index} and all parts together.`,
    );
  }
}

function noWeights(all: DroppedFile[]): FormatError {
  const paths = all.map(({ path }) => path);
  const packed = paths.find((path) => /\.(safetensors|onnx|bin|pt)\.(gz|zip|xz|zst)$/.test(path));
  if (packed) return new FormatError(`${packed} is compressed. Unpack it and drop the file inside.`);
  const found = paths.length ? `found were ${listNames(paths)}` : 'nothing was dropped';
  return new FormatError(`No model weights were found (model.safetensors, pytorch_model.bin, or an .onnx file); ${found}.`);
}

/**
 * The config.json nearest to the weights: in their folder, else in one around it, else the only one.
 * @throws FormatError when there is none, or none is nearest
 */
function chooseConfig(all: DroppedFile[], weights: DroppedFile | FormatError): DroppedFile {
  const configs = all.filter(({ path }) => baseName(path) === 'config.json');
  if (configs.length === 0) {
    throw new FormatError("No config.json was found among the files. Drop the model's whole folder, or add its config.json.");
  }
  if (configs.length === 1) return configs[0];
  if (weights instanceof FormatError) throw weights;
  const near = findNear(all, weights.path, 'config.json');
  if (near) return near;
  throw new FormatError(
    `Several config.json files were found (${listNames(configs.map(({ path }) => path))}), none beside ${weights.path}. Drop only the one that belongs to it.`,
  );
}

/** The tokenizer's files as text for the library, and what they say of special tokens. */
async function readTokenizer(
  all: DroppedFile[],
  configFile: DroppedFile,
): Promise<Pick<OpenedModel, 'tokenizer'> & Pick<SpecialTokenFiles, 'tokenizerConfig'> & { json?: unknown }> {
  const file = findNear(all, configFile.path, 'tokenizer.json');
  if (!file) return {};
  const { plain, value } = await readJson(file.data, file.path, MAX_TOKENIZER_BYTES);
  const settings = findNear(all, file.path, 'tokenizer_config.json');
  const config = settings && (await readJson(settings.data, settings.path, MAX_TOKENIZER_BYTES));
  const own = maybeRecord(config?.value);
  // Where older versions of transformers name special tokens; read only for want of the newer place.
  const map = own?.eos_token === undefined ? findNear(all, file.path, 'special_tokens_map.json') : undefined;
  const named = map && maybeRecord((await readJson(map.data, map.path, MAX_CONFIG_BYTES)).value);
  return { tokenizer: { tokenizer: plain, config: config?.plain }, json: value, tokenizerConfig: { ...named, ...own } };
}

/** The file called `name` in the folder of `path` or the closest folder around it. */
function findNear(all: DroppedFile[], path: string, name: string): DroppedFile | undefined {
  for (let folder: string | undefined = folderOf(path); folder !== undefined; folder = folder === '' ? undefined : folderOf(folder)) {
    const wanted = join(folder, name);
    const found = all.find((file) => file.path === wanted);
    if (found) return found;
  }
  return undefined;
}

/** The file called `name` in the folder of `path`; paths in `name` lead nowhere else. */
function findBeside(all: DroppedFile[], path: string, name: string): BlobLike | undefined {
  const wanted = join(folderOf(path), name);
  return all.find((file) => file.path === wanted)?.data;
}

/** External data: the path it states inside the drop, else the only dropped file of that name. */
function findExternal(all: DroppedFile[], path: string, location: string): BlobLike | undefined {
  const stated = findBeside(all, path, location);
  if (stated) return stated;
  const name = baseName(location.replaceAll('\\', '/'));
  const named = all.filter((file) => baseName(file.path) === name && file.path !== path);
  return named.length === 1 ? named[0].data : undefined;
}

function refuseTwins(all: DroppedFile[]): void {
  const seen = new Set<string>();
  for (const { path } of all) {
    if (seen.has(path)) throw new FormatError(`Two files are called ${path}. Drop the model's folder, or only one of them.`);
    seen.add(path);
  }
}

function nameModel(config: DroppedFile, weights: DroppedFile): string {
  return baseName(folderOf(config.path)) || baseName(weights.path);
}

function attempt<T>(choose: () => T): T | FormatError {
  try {
    return choose();
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

function isOnnx({ path }: Pick<DroppedFile, 'path'>): boolean {
  return path.endsWith('.onnx');
}

function isTorch({ path }: Pick<DroppedFile, 'path'>): boolean {
  return /^(pytorch_model.*\.bin|.*\.(pt|pth|ckpt))$/.test(baseName(path));
}

function normalisePath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
