/** Labels of the dictionary on screen, in step with what is kept, here and in other tabs. */
import type { StoreApi } from 'zustand/vanilla';
import type { LabelEvidence } from '../../api/labels.ts';
import type { FeaturescopeApi } from '../../api/featurescope.ts';
import { NO_LABELS, type LabelActions } from '../shared/labels.ts';
import type { Notice } from '../shared/page.ts';
import type { SharedFacts } from '../shared/state.ts';
import { createLatest, sentenceOf } from '../shared/latest.ts';

type Evidence = LabelEvidence | null | undefined;
interface LabelBefore {
  text: string;
  evidence: LabelEvidence | null;
}

/** Follows the chosen dictionary and every change of labels for as long as the page lives. */
export function createLabelKeeper(api: FeaturescopeApi, store: StoreApi<SharedFacts>): LabelActions {
  const lane = createLatest();

  const refresh = async () => {
    const { dictionary } = store.getState();
    if (dictionary === '') return;
    const outcome = await lane.run(() => api.labels.list(dictionary));
    if (outcome.status === 'done') put(dictionary, new Map(outcome.value.map(({ latent, text }) => [latent, text])));
    // Without labels the screen works as ever; writing one will say what is wrong.
    else if (outcome.status === 'failed') put(dictionary, NO_LABELS);
  };
  const put = (dictionary: string, byLatent: ReadonlyMap<number, string>) => store.setState({ labels: { dictionary, byLatent } });
  const notify = (text: string, undo: Notice['undo'] = null) => store.setState({ notice: { text, undo } });

  /** @returns the label before; null when it could not be saved */
  const save = async (dictionary: string, latent: number, text: string, evidence?: Evidence): Promise<LabelBefore | null> => {
    try {
      // Asked, as the labels at hand may be those of a dictionary chosen since.
      const found = (await api.labels.list(dictionary)).find((l) => l.latent === latent);
      const before = { text: found?.text ?? '', evidence: found?.evidence ?? null };
      if (text !== before.text || evidence !== undefined) await api.labels.set(dictionary, latent, text, { evidence });
      return before;
    } catch (error) {
      notify(`The label of feature ${latent} was not saved. ${sentenceOf(error)}`);
      return null;
    }
  };

  store.subscribe((now, was) => {
    if (now.dictionary !== was.dictionary) void refresh();
  });
  api.labels.subscribe(() => void refresh());

  return {
    async label(dictionary, latent, text, evidence) {
      const wanted = text.trim();
      const before = await save(dictionary, latent, wanted, evidence);
      if (before === null || (before.text === wanted && evidence === undefined)) return;
      const done = wanted === '' ? 'removed' : before.text === '' ? 'saved' : 'changed';
      const problem = wanted === '' ? null : api.labels.problem();
      const run = () => void save(dictionary, latent, before.text, before.evidence);
      notify([`Label of feature ${latent} ${done}.`, problem ?? ''].join(' ').trim(), { run });
    },
    async importLabels(file) {
      try {
        notify(importWords(await api.labels.import(file)));
      } catch (error) {
        notify(`No label was imported. ${sentenceOf(error)}`);
      }
    },
    async exportLabels(all) {
      try {
        return await api.labels.export(all ? undefined : store.getState().dictionary);
      } catch (error) {
        notify(`The labels could not be exported. ${sentenceOf(error)}`);
        return null;
      }
    },
  };
}

function importWords({ added, changed, unchanged, warnings }: Awaited<ReturnType<FeaturescopeApi['labels']['import']>>): string {
  const counts = [
    [added, 'added'],
    [changed, 'changed'],
    [unchanged, 'already here'],
  ] as const;
  const said = counts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`);
  const words = said.length > 0 ? `Labels imported: ${said.join(', ')}.` : 'The file holds no labels that could be taken.';
  return [words, ...warnings].join(' ');
}
