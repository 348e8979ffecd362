/** What only the numbers of a SAELens file tell: whether a second saying agrees, and what a constant means. */
import { FormatError } from '../bytes.ts';
import { quote } from '../words.ts';
import type { OpenedDictionary } from './opened.ts';
import { readValues, type StoredPart } from './stored.ts';

/** torch.allclose, by which SAELens knows a factor that does nothing. */
const SLACK = 1e-5;

/** Two spellings of one threshold, of which one went through exp and log in fp32. */
const THRESHOLD_SLACK = 1e-3;

/**
 * @param scales finetuning_scaling_factor of cfg.json; undefined where it is silent, which means off
 * @param paths of cfg.json and of the weights
 * @param warnings sentences of the report are added
 * @returns the dictionary as its file means it, with notes for its card
 * @throws FormatError
 */
export async function settleValues(
  opened: OpenedDictionary,
  scales: unknown,
  paths: { cfg: string; weights: string },
  warnings: string[],
): Promise<OpenedDictionary> {
  await refuseTwoThresholds(opened.parts, paths.weights);
  const notes = [...(opened.notes ?? []), ...(await noteThresholds(opened.parts))];
  const factor = opened.parts.find(({ name }) => name === 'scaling_factor');
  if (!factor) {
    if (scales === true) {
      warnings.push(
        `${quote(paths.cfg)} says finetuning_scaling_factor true, but ${quote(paths.weights)} has no tensor scaling_factor; SAELens takes it as false, and so does this page.`,
      );
    }
    return { ...opened, notes };
  }
  const values = await readValues(factor);
  if (scales === true || values.every((value) => Math.abs(value - 1) <= SLACK)) {
    const range = values.reduce(([least, most], v) => [Math.min(least, v), Math.max(most, v)], [Infinity, -Infinity]);
    if (scales === true) notes.push(`Each feature is multiplied by its scaling_factor when decoding (${range.map(short).join(' to ')}).`);
    return { ...opened, notes };
  }
  const off = `finetuning_scaling_factor is ${scales === undefined ? 'not said, which means false,' : 'false'} in ${quote(paths.cfg)}`;
  const wrong = values.find((value) => Math.abs(value - 1) > SLACK)!;
  const sentence = `${off}, but ${quote(paths.weights)} holds a tensor scaling_factor that is not all ones (${short(wrong)} for one). It is switched off, so it was left out; SAELens refuses such a file.`;
  warnings.push(sentence);
  const parts = opened.parts.filter((part) => part !== factor);
  return { ...opened, parts, notes: [...notes, sentence], bytes: parts.reduce((n, { data }) => n + data.size, 0) };
}

async function refuseTwoThresholds(parts: readonly StoredPart[], path: string): Promise<void> {
  const [plain, log] = ['threshold', 'log_threshold'].map((name) => parts.find((part) => part.name === name));
  if (!plain || !log) return;
  const [values, logs] = [await readValues(plain), await readValues(log)];
  const at = values.findIndex(
    (value, j) => Math.abs(value - Math.exp(logs[j])) > THRESHOLD_SLACK * Math.max(Math.abs(value), Math.exp(logs[j])),
  );
  if (at < 0) return;
  throw new FormatError(
    `${quote(path)} gives the threshold of feature ${at} as ${short(values[at])} and its logarithm as ${short(logs[at])}, which is that of ${short(Math.exp(logs[at]))}. They must agree.`,
  );
}

async function noteThresholds(parts: readonly StoredPart[]): Promise<string[]> {
  const one = parts.find(({ name }) => name === 'topk_threshold');
  if (one)
    return [`A feature counts above ${short((await readValues(one))[0])}, one threshold for all that training found (topk_threshold).`];
  const each = parts.find(({ name }) => name === 'threshold');
  return each ? noteConstant(await readValues(each)) : [];
}

/** A threshold of batch top-k in the clothes of JumpReLU. */
export function noteConstant(thresholds: Float32Array): string[] {
  const [first] = thresholds;
  if (thresholds.length < 2 || thresholds.some((value) => value !== first)) return [];
  return [`All thresholds are ${short(first)}: one constant, as batch top-k leaves it, rather than one learnt for each feature.`];
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
