/** The page of a feature with its style sheet, in one piece that is fetched when it is wanted; what it needs of Explore comes in here. */
import '../views/feature/styles.ts';
import { useCallback } from 'react';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import { latentEdit, latentEditOf, togglePin } from '../state/explore/featureFacts.ts';
import { NO_MAXIMUM, steering } from '../state/explore/latentChange.ts';
import type { AppState } from '../state/store.ts';
import type { FeatureEdit, OpenedContext } from '../views/feature/choices.ts';
import { FeatureScreen as Screen } from '../views/feature/FeatureScreen.tsx';
import { sliceHooks } from '../views/shared/StoreContext.tsx';

const { useSlice, useSliceStore } = sliceHooks<AppState>();

export function FeatureScreen({ api }: { api: FeaturescopeApi }) {
  const store = useSliceStore();
  const text = useSlice((s) => s.text);
  const open = useCallback(
    ({ text: context, position, dictionary, latent }: OpenedContext) => {
      const { actions, dictionary: chosen, pins, text: was } = store.getState();
      if (dictionary !== chosen) actions.chooseDictionary(dictionary);
      actions.replaceText(context);
      const isPinned = pins.some((pin) => pin.dictionary === dictionary && pin.latent === latent);
      store.setState({
        position,
        span: null,
        colourBy: 'feature',
        ...(!isPinned && { pins: togglePin(pins, dictionary, latent) }),
        notice: { text: `The text was replaced by a context of feature ${latent}.`, undo: was === context ? null : 'edits' },
      });
      actions.show('explore');
      // The tokens stand at the top.
      requestAnimationFrame(() => scrollTo(0, 0));
    },
    [store],
  );
  const edit = useCallback(
    ({ kind, dictionary, latent, maximum }: FeatureEdit) => {
      const { actions, dictionary: chosen, bench } = store.getState();
      const { id } = dictionary;
      if (id !== chosen) actions.chooseDictionary(id);
      const op = kind === 'ablate' ? ({ op: kind } as const) : steering(maximum ?? NO_MAXIMUM);
      if (!latentEditOf(bench, id, latent, op.op)) actions.addEdit(latentEdit(dictionary, latent, op));
      actions.show('explore');
      requestAnimationFrame(() => document.querySelector('.panel-edits')?.scrollIntoView({ block: 'start' }));
    },
    [store],
  );
  return <Screen api={api} text={text} onOpen={open} onEdit={edit} />;
}
