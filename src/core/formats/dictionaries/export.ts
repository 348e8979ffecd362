/**
 * Dictionaries as folders of the three libraries that people use. What a format cannot say is folded into the
 * weights where that is exact; else there is a sentence that says why not, before anything is read.
 */
import { foldInputBias, foldScales } from '../../sae/fold.ts';
import { readFormOf } from '../../sae/architectures/index.ts';
import { isGroupmax, isTiedForm, isTopk, isTranscoder, type DictionaryConfig } from '../../sae/dictionary.ts';
import type { ExportFormat } from '../../sae/types.ts';
import { FormatError } from '../bytes.ts';
import { parseJson } from '../text.ts';
import { maybeRecord } from '../words.ts';
import type { OutFile } from './files.ts';
import { readDictionary, type OpenedDictionary } from './opened.ts';
import { exportSaelens, packDictionary } from './write.ts';
import { writeDictionaryLearning } from './writeDictionaryLearning.ts';
import { writeSparsify } from './writeSparsify.ts';

export const EXPORT_FORMATS: readonly ExportFormat[] = ['saelens', 'dictionary_learning', 'sparsify'];

/**
 * @param folder put in front of every path
 * @throws FormatError with the sentence of `exportObstacle`, or when the numbers cannot be read
 */
export async function exportDictionary(opened: OpenedDictionary, format: ExportFormat, folder = ''): Promise<OutFile[]> {
  const obstacle = exportObstacle(opened.config, format);
  if (obstacle) throw new FormatError(obstacle);
  const known = underKnownName(opened);
  if (format === 'saelens') return exportSaelens(known, folder);
  const plain = await simplify(known, subtractsInput(known.config, format));
  return format === 'sparsify' ? writeSparsify(plain, folder) : writeDictionaryLearning(plain, folder);
}

/** Directions made here as the architecture of the libraries that computes the same; all else as it is. */
function underKnownName(opened: OpenedDictionary): OpenedDictionary {
  const { standsFor } = readFormOf(opened.config.architecture);
  if (!standsFor) return opened;
  const stated = { ...maybeRecord(parseJson(opened.cfgText, 'cfg.json')), architecture: standsFor };
  return { ...opened, config: { ...opened.config, architecture: standsFor }, cfgText: JSON.stringify(stated, null, 1) };
}

/** @returns '' when the format can hold the dictionary, else why it cannot */
export function exportObstacle(config: DictionaryConfig, format: ExportFormat): string {
  const { architecture } = config;
  if (readFormOf(architecture).selects === 'all') {
    return `${format} keeps no values below 0, and features of ${architecture} have such. Make the same directions with non_negative (both signs, each through a ReLU) or with k, and export those.`;
  }
  if (format === 'saelens') {
    return readFormOf(architecture).inSaelens ? '' : `SAELens has no ${architecture}. Export this dictionary for sparsify, which has.`;
  }
  if (config.normalize_activations === 'layer_norm' || config.normalize_activations === 'constant_norm_rescale') {
    return `${format} cannot say that each row is normalised (${config.normalize_activations}), and weights cannot hold it. Export it for SAELens.`;
  }
  if (config.centred) {
    return `${format} cannot say that the mean of each row is subtracted first, and weights cannot hold it. Export it for SAELens.`;
  }
  if (format === 'sparsify') {
    if (!isTopk(architecture) && !isGroupmax(architecture)) {
      const others = isTranscoder(architecture) ? 'SAELens' : 'SAELens or dictionary_learning';
      return `sparsify keeps k features of each token; ${architecture} keeps all that pass. Export it for ${others}.`;
    }
    return config.d_out === config.d_in ? '' : 'sparsify has no transcoders between different widths. Export it for SAELens.';
  }
  if (isTranscoder(architecture)) {
    return `dictionary_learning has no transcoders. Export it for ${isTopk(architecture) || isGroupmax(architecture) ? 'sparsify' : 'SAELens'}.`;
  }
  if (isGroupmax(architecture)) return 'dictionary_learning has no groupmax. Export it for sparsify.';
  return readFormOf(architecture).dictionaryLearning === null ? `dictionary_learning has no ${architecture}. Export it for SAELens.` : '';
}

/** Whether the format's class subtracts b_dec from the input; undefined where it has one for both. */
function subtractsInput({ architecture, apply_b_dec_to_input }: DictionaryConfig, format: ExportFormat): boolean {
  const { skips, transcodes, dictionaryLearning } = readFormOf(architecture);
  if (format === 'sparsify') return skips ? apply_b_dec_to_input : !transcodes;
  return dictionaryLearning === 'either' ? apply_b_dec_to_input : dictionaryLearning === 'subtracts';
}

/** Untouched, byte for byte, where nothing has to be folded; else in fp32. */
async function simplify(opened: OpenedDictionary, subtracts: boolean): Promise<OpenedDictionary> {
  const { config, parts, name } = opened;
  const has = (tensor: string) => parts.some((part) => part.name === tensor);
  const isScaled = (config.activation_scale ?? 1) !== 1 || config.rescale_acts_by_decoder_norm === true;
  const isPlain = !isTiedForm(config.architecture) && !isScaled && !has('scaling_factor') && !has('log_threshold');
  if (isPlain && config.apply_b_dec_to_input === subtracts) return opened;
  const folded = foldInputBias(foldScales(await readDictionary(opened)), subtracts);
  return { ...opened, ...packDictionary(folded, name), format: opened.format, record: opened.record };
}
