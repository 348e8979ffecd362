/**
 * dictionary_learning (saprmarks, read at 0.1.0): ae.pt, a state_dict, with config.json. Formulas and
 * traps: reference/sae-libraries.md A3 and Errata.
 * The tensors tell the class: one trainer writes dict_class "AutoEncoder" whatever it trained. f is in the
 * stored units; the library's own loader rescales AutoEncoder to decoder columns of norm 1 by default.
 */
import { isBatchTopk, type DictionaryConfig } from '../../sae/dictionary.ts';
import { FormatError } from '../bytes.ts';
import { describe, maybeRecord, quote } from '../words.ts';
import type { TorchTensor, TorchValue } from '../torch/index.ts';
import { assertForeign, createCandidate, createConfig, MAX_SIZE, partOf, readCount } from './convert.ts';
import { baseName } from './files.ts';
import { hookOfModule, hookOfPath, hookOfSubmodule } from './hookNames.ts';
import { checkLearningPairs, checkNormFactor, noteGroups, noteScale, plainOf, readGroups } from './learningPairs.ts';
import { LAYOUTS, readClass, type ClassName, type Layout } from './learningClasses.ts';
import type { Candidate } from './opened.ts';
import { agree, findClash, layerOfHook } from './pairs.ts';
import { asState, bytesOf, nameKind, partsOf, readScalar, refuseOthers, tensorsOf, type State } from './torchState.ts';

/** Whether a value looks like a state_dict of this library, or a backup with one. */
export function isDictionaryLearning(value: TorchValue): boolean {
  const state = asState(value);
  if (!state) return false;
  const inner = asState(state.get('ae')) ?? state;
  return inner.has('encoder.weight') || inner.has('decoder.weight') || (inner.has('W_enc') && inner.has('threshold'));
}

/**
 * @param path of the .pt file
 * @param value what it holds
 * @param configuration parsed config.json; undefined when there is none
 * @param warnings sentences of the report are added
 * @param evaluation parsed eval_results.json, which the library's own evaluation leaves beside it
 * @throws FormatError
 */
export async function openDictionaryLearning(
  path: string,
  value: TorchValue,
  configuration: unknown,
  warnings: string[],
  evaluation?: unknown,
): Promise<Candidate> {
  const outer = asState(value);
  if (!outer) throw new FormatError(`${quote(path)} holds ${nameKind(value)} in place of a dictionary's weights.`);
  const isBackup = outer.get('ae') instanceof Map;
  const state = isBackup ? asState(outer.get('ae'))! : outer;
  const trainer = maybeRecord(maybeRecord(configuration)?.trainer) ?? {};
  const settings = `config.json beside ${quote(path)}`;
  const inner = isBackup ? plainOf(outer.get('config')) : {};
  checkLearningPairs(trainer, maybeRecord(maybeRecord(configuration)?.buffer) ?? {}, inner, settings);
  const className = readClass(state, trainer, path, warnings);
  const layout = LAYOUTS[className];
  refuseOthers(state, [...layout.tensors.map(([from]) => from), ...layout.scalars], className, path);
  const tensors = tensorsOf(
    state,
    layout.tensors.map(([from]) => from),
    path,
  );
  const { d_in, d_sae } = readSizes(className, tensors, trainer, path);
  assertForeign(tensors, shapesOf(layout, d_in, d_sae), className, configuration === undefined ? 'its encoder' : 'config.json', path);
  const topk = await readTopk(className, state, trainer.k ?? inner.k, d_sae, path);
  const groups = await readGroups(state, trainer, d_sae, path);
  if (className === 'AutoEncoderTopK' && trainer.dict_class === undefined && trainer.trainer_class === undefined && topk!.threshold >= 0) {
    warnings.push(
      `${quote(path)} may be a TopK or a BatchTopK dictionary, whose tensors are the same; without the dict_class of a config.json it is read as TopK. If it is the other, its features here are wrong.`,
    );
  }
  const scale = isBackup ? await readNormFactor(outer, path) : undefined;
  checkNormFactor(scale === undefined ? undefined : 1 / scale, configuration, path);
  const config = createConfig({
    architecture: layout.architecture,
    d_in,
    d_sae,
    apply_b_dec_to_input: layout.subtracts,
    ...(topk && { k: topk.k, rescale_acts_by_decoder_norm: false }),
    ...(scale !== undefined && { normalize_activations: 'expected_average_only_in' as const, activation_scale: scale }),
    ...readPlace(trainer, configuration, path, warnings),
    training_checkpoint: isBackup,
  });
  if (config.hook_name === null) warnings.push(`${quote(path)}: neither its config.json nor its folders name a hook that is known here.`);
  return createCandidate({
    name: nameOf(path),
    format: 'dictionary_learning',
    config,
    bytes: bytesOf(tensors.values()),
    record: { ...maybeRecord(configuration), ...readClaims(evaluation) },
    notes: [...listNotes(className, layout, topk, isBackup), ...noteScale(scale, trainer.norm_factor), ...noteGroups(groups)],
    parts: async () => [
      ...(await partsOf(tensors, layout.tensors)),
      ...(isBatchTopk(layout.architecture) ? [partOf('topk_threshold', [], Float32Array.of(topk!.threshold))] : []),
    ],
  });
}

/** Figures under the names that are used here (evaluation.py); its share of variance leaves the mean error out. */
function readClaims(evaluation: unknown): Record<string, number> {
  const { l0, frac_variance_explained, frac_recovered } = maybeRecord(evaluation) ?? {};
  return {
    ...(typeof l0 === 'number' && { l0 }),
    ...(typeof frac_variance_explained === 'number' && { fvu: 1 - frac_variance_explained }),
    ...(typeof frac_recovered === 'number' && { ce_recovered: frac_recovered }),
  };
}

function listNotes(className: ClassName, { subtracts }: Layout, topk: Topk | undefined, isBackup: boolean): string[] {
  const unset = topk && topk.threshold < 0;
  return [
    `Class ${className}; b_dec is ${subtracts ? '' : 'not '}subtracted from the input.`,
    ...(className === 'AutoEncoder' ? ['Features are in stored units; the library itself rescales them to decoder rows of norm 1.'] : []),
    ...(className === 'AutoEncoderTopK' && !unset
      ? [`The ${topk!.k} largest features are kept; its stored threshold is not used, as by default in the library.`]
      : []),
    ...(className.includes('Batch') && topk && !unset
      ? [
          `A feature counts above ${Number(topk.threshold.toPrecision(4))}, one threshold for all that training found for ${topk.k} features on average.`,
        ]
      : []),
    ...(className.includes('Batch') && unset
      ? ['Its threshold was never estimated (−1), so every positive feature stays, as in the library. It was probably stopped early.']
      : []),
    ...(isBackup ? ['A backup from the middle of a run: its biases are in normalised units, and the factor beside them is applied.'] : []),
  ];
}

/** From the encoder; config.json must agree where it says. */
function readSizes(
  className: ClassName,
  tensors: ReadonlyMap<string, TorchTensor>,
  trainer: Record<string, unknown>,
  path: string,
): { d_in: number; d_sae: number } {
  const isLinear = LAYOUTS[className].tensors.some(([from]) => from === 'encoder.weight');
  const encoder = tensors.get(isLinear ? 'encoder.weight' : 'W_enc');
  if (!encoder) throw new FormatError(`${quote(path)} has no tensor ${isLinear ? 'encoder.weight' : 'W_enc'}, which ${className} needs.`);
  if (encoder.shape.length !== 2) {
    throw new FormatError(`${quote(path)} stores its encoder with ${encoder.shape.length} dimensions; it must have two.`);
  }
  const [rows, columns] = encoder.shape;
  const [d_in, d_sae] = isLinear ? [columns, rows] : [rows, columns];
  readCount(d_in, 'the input width', path);
  readCount(d_sae, 'the number of features', path, MAX_SIZE);
  for (const [key, size] of [
    ['activation_dim', d_in],
    ['dict_size', d_sae],
  ] as const) {
    const stated = trainer[key];
    if (stated !== undefined && stated !== size) {
      throw new FormatError(`config.json beside ${quote(path)} gives ${key} as ${describe(stated)}, but the encoder has ${size}.`);
    }
  }
  return { d_in, d_sae };
}

function shapesOf({ tensors }: Layout, d_in: number, d_sae: number): Record<string, number[]> {
  const shapes: Record<string, number[]> = { W_enc: [d_in, d_sae], W_dec: [d_sae, d_in], b_dec: [d_in] };
  return Object.fromEntries(
    tensors.map(([from, to, turned]) => {
      const shape = shapes[to] ?? [d_sae];
      return [from, turned ? [...shape].reverse() : shape];
    }),
  );
}

interface Topk {
  k: number;
  /** Below 0: never estimated. */
  threshold: number;
}

/** @param stated k in config.json, where files of before 2025 have it alone */
async function readTopk(className: ClassName, state: State, stated: unknown, d_sae: number, path: string): Promise<Topk | undefined> {
  if (!LAYOUTS[className].scalars.includes('k')) return undefined;
  const stored = await readScalar(state, 'k', path);
  // As the library itself: "k != state_dict['k']".
  agree([
    [`k in the tensors of ${quote(path)}`, stored],
    ['k in its config.json', stated],
  ]);
  const k = readCount(stored ?? stated, 'k', path, d_sae);
  const threshold = (await readScalar(state, 'threshold', path)) ?? -1;
  if (!Number.isFinite(threshold)) throw new FormatError(`${quote(path)} gives its threshold as ${threshold}; it must be a finite number.`);
  return { k, threshold };
}

/** Rows are divided by it before encoding. @returns what they are multiplied by */
async function readNormFactor(backup: State, path: string): Promise<number | undefined> {
  const factor = backup.get('norm_factor') === null ? undefined : await readScalar(backup, 'norm_factor', path);
  if (factor === undefined) return undefined;
  if (!(factor > 0 && Number.isFinite(factor))) {
    throw new FormatError(`${quote(path)} gives norm_factor as ${factor}; it must be a number above 0.`);
  }
  return 1 / factor;
}

type Place = Pick<DictionaryConfig, 'hook_name' | 'model_name' | 'context_size'>;

/** Where it reads: submodule_name, else the folders' names. */
function readPlace(trainer: Record<string, unknown>, configuration: unknown, path: string, warnings: string[]): Place {
  const { submodule_name, lm_name } = trainer;
  const buffer = maybeRecord(maybeRecord(configuration)?.buffer) ?? {};
  const stated = typeof submodule_name === 'string' ? hookOfSubmodule(submodule_name) : null;
  const ofFolder = hookOfPath(path, hookOfSubmodule);
  const hook = stated ?? ofFolder;
  const clash = findClash([
    [`the hook of submodule_name in config.json beside ${quote(path)}`, stated],
    ['that of its folders', ofFolder],
  ]);
  if (clash) warnings.push(`${clash} The config.json counts; a folder may have been renamed.`);
  if (stated !== null) {
    agree([
      [`the layer of submodule_name ${describe(submodule_name)} in config.json beside ${quote(path)}`, layerOfHook(stated)],
      ['layer there', trainer.layer],
    ]);
  }
  const input = typeof submodule_name === 'string' && stated !== submodule_name ? hookOfModule(submodule_name, 'in') : null;
  return {
    hook_name: buffer.io === 'in' ? (input ?? inputOf(hook)) : hook,
    model_name: typeof lm_name === 'string' ? lm_name : null,
    context_size: typeof buffer.ctx_len === 'number' ? buffer.ctx_len : null,
  };
}

/** The hook that a block reads, for buffers of a module's input; of other modules none is known. */
function inputOf(hook: string | null): string | null {
  return hook?.endsWith('.hook_resid_post') ? hook.replace(/post$/, 'pre') : null;
}

/** Folders called trainer_0 or 10_32768 say little, so the one above is named too. */
function nameOf(path: string): string {
  const folders = path.split('/').slice(0, -1);
  const file = baseName(path).replace(/\.pt$/, '');
  const named = folders.filter((folder) => folder !== 'checkpoints').slice(-2);
  return [...named, ...(file === 'ae' ? [] : [file])].join(' ') || file;
}
