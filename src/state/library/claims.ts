/** What a dictionary's file claims beside what was measured here. */
import type { DictionaryCard, Evaluation } from '../../api/dictionaries.ts';

/** Other text moves figures; beyond these something else is wrong. */
const L0_FACTOR = 2;
const FVU_APART = 0.15;
const RECOVERED_APART = 0.1;

/** Worse than guessing the mean: hardly ever a matter of the text. */
const HOPELESS_FVU = 1;

/** Names under which libraries write the mean number of active features. */
const L0_NAMES = ['l0', 'metrics/l0', 'trainer.target_l0', 'target_l0'];

/** @returns sentences, worst first; none when claims and measurement agree */
export function findDoubts(record: DictionaryCard['record'], measured: Pick<Evaluation, 'l0' | 'fvu' | 'ce_recovered'>): string[] {
  const doubts: string[] = [];
  // Random directions are no worse than they should be.
  if (measured.fvu >= HOPELESS_FVU && record?.made_as !== 'directions') {
    doubts.push('Its reconstruction is no better than the mean activation. This is probably not the model, hook or scale it was made for.');
  }
  const [who, l0] = statedBy(record, L0_NAMES);
  if (typeof l0 === 'number' && l0 > 0 && (measured.l0 > l0 * L0_FACTOR || measured.l0 < l0 / L0_FACTOR)) {
    doubts.push(`${who} says that ${round(l0)} features are active on a token; here ${round(measured.l0)} are.`);
  }
  const [whoFvu, fvu] = statedBy(record, ['fvu']);
  const [whoRecovered, ce_recovered] = statedBy(record, ['ce_recovered']);
  if (typeof fvu === 'number' && Math.abs(measured.fvu - fvu) > FVU_APART) {
    doubts.push(`${whoFvu} says FVU ${round(fvu)}; measured here it is ${round(measured.fvu)}.`);
  }
  if (typeof ce_recovered === 'number' && Math.abs(measured.ce_recovered - ce_recovered) > RECOVERED_APART) {
    doubts.push(
      `${whoRecovered} says ${round(100 * ce_recovered)} % of the loss is recovered; measured here it is ${round(100 * measured.ce_recovered)} %.`,
    );
  }
  return doubts;
}

/** Whether any figure that is compared is claimed. */
export function isClaimed(record: DictionaryCard['record']): boolean {
  return [L0_NAMES, ['fvu'], ['ce_recovered']].some((names) => typeof statedBy(record, names)[1] === 'number');
}

/** The first figure under these names: in the dictionary's own files, else as it was published. */
function statedBy(record: DictionaryCard['record'], names: readonly string[]): [who: string, value: string | number | boolean | undefined] {
  const find = (prefix: string) => names.map((name) => record?.[`${prefix}${name}`]).find((value) => typeof value === 'number');
  const own = find('');
  return own === undefined ? ['Its publisher', find('published.')] : ['Its file', own];
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}
