/** The text, where in it a person is, and what of the model is shown for it. */
import type { StoreApi } from 'zustand/vanilla';
import { sentenceOf } from '../shared/latest.ts';
import type { Startup } from '../shared/startup.ts';
import type { Reader } from './reader.ts';
import { startOf, type Sample } from './samples.ts';
import { insideText, sameSpan } from './spans.ts';
import type { ExploreState, ReadingActions } from './state.ts';

export function createReadingActions(store: StoreApi<ExploreState>, reader: Reader): ReadingActions {
  const setText = (text: string) => {
    if (text === store.getState().text) return;
    store.setState({ text });
    reader.textChanged();
  };
  return {
    setText,
    replaceText: setText,
    selectPosition(position) {
      const last = (store.getState().analysis?.before.ids.length ?? 0) - 1;
      store.setState({ position: position >= last ? null : Math.max(0, position) });
      reader.positionChanged();
    },
    setVisibleTokens: reader.visibleTokensChanged,
    setSpan(span) {
      const next = insideText(store.getState(), span);
      if (!sameSpan(next, store.getState().span)) store.setState({ span: next });
    },
    setColourBy: (colourBy) => store.setState({ colourBy }),
    setHook(hook) {
      store.setState({ hook });
      reader.hookChanged();
    },
  };
}

export async function openSample(
  store: StoreApi<ExploreState>,
  startup: Pick<Startup, 'readText'>,
  { text, file }: Sample,
  place: 'first' | 'second',
): Promise<void> {
  const current = () => (place === 'first' ? store.getState().text : store.getState().compare?.text);
  const was = current();
  const notify = (words: string, undo: 'edits' | null) => store.setState({ notice: { text: words, undo } });
  try {
    const sample = file ? startOf((await startup.readText?.(file.path)) ?? '', file.characters) : text;
    if (sample === '') throw new Error('This sample does not come with this copy of the page.');
    // Whatever was typed while it was fetched is worth more.
    if (current() !== was) return;
    const { replaceText, setCompare } = store.getState().actions;
    if (place === 'second') return setCompare(sample);
    replaceText(sample);
    // The same text is no step, and nothing to undo.
    notify('The text was replaced by a sample.', sample === was ? null : 'edits');
  } catch (error) {
    notify(`The sample could not be opened. ${sentenceOf(error)} Your text is as it was.`, null);
  }
}
