/**
 * Dictionaries as folders of the three libraries that people use. What a format cannot say is folded into the
 * weights where that is exact; else there is a sentence that says why not, before anything is read.
 */
import { foldInputBias, foldScales } from '../../sae/fold.ts';
import { readFormOf } from '../../sae/architectures/index.ts';
import { isGroupmax, isTiedForm, isTopk, isTranscoder, type DictionaryConfig } from '../../sae/dictionary.ts';
import type { ExportFormat } from '../../sae/types.ts';
import { FormatError } from '../bytes.ts';
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
  if (format === 'saelens') return exportSaelens(opened, folder);
  const plain = await simplify(opened, subtractsInput(opened.config, format));
  return format === 'sparsify' ? writeSparsify(plain, folder) : writeDictionaryLearning(plain, folder);
}

/** @returns '' when the format can hold the dictionary, else why it cannot */
export function exportObstacle(config: DictionaryConfig, format: ExportFormat): string {
  const { architecture } = config;
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
