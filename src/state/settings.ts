/** Settings kept between visits, as facts of the page. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import { COLOURS, type ExploreFacts, type GenerationSettings } from './explore/facts.ts';
import { RANKINGS } from './explore/ranking.ts';
import { rememberDictionary } from './shared/lastDictionary.ts';
import type { SharedFacts } from './shared/state.ts';

type Settings = FeaturescopeApi['settings'];

type SettingFacts = SharedFacts & ExploreFacts;

export function factsFromSettings(settings: Settings): Partial<SettingFacts> {
  const ranking = RANKINGS.find((r) => r === settings.get('ranking'));
  // 'kl' waits for edits, which no visit begins with.
  const colourBy = COLOURS.find((c) => c !== 'kl' && c === settings.get('colourBy'));
  const generation = settings.get('generation');
  return {
    theme: settings.get('theme') ?? 'auto',
    ...(ranking && { ranking }),
    ...(colourBy && { colourBy }),
    ...(generation && { settings: { withControls: false, ...generation } }),
  };
}

/** Writes what a person changes, and follows the theme of other tabs. */
export function keepSettings(store: StoreApi<SettingFacts>, settings: Settings): void {
  store.subscribe((now, was) => {
    if (now.theme !== was.theme) settings.set('theme', now.theme);
    if (now.ranking !== was.ranking) settings.set('ranking', now.ranking);
    if (now.colourBy !== was.colourBy) settings.set('colourBy', now.colourBy);
    if (now.settings !== was.settings) settings.set('generation', now.settings satisfies GenerationSettings);
    if (now.dictionary !== was.dictionary && now.dictionary !== '' && now.model && !now.wanted)
      rememberDictionary(settings, now.model.id, now.dictionary);
  });
  settings.subscribe(() => {
    const theme = settings.get('theme') ?? 'auto';
    if (theme !== store.getState().theme) store.setState({ theme });
  });
}
