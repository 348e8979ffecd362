/** Settings kept between visits, as facts of the page. */
import type { StoreApi } from 'zustand/vanilla';
import type { FeaturescopeApi } from '../api/featurescope.ts';
import { COLOURS, type AppState, type Facts, type GenerationSettings } from './appState.ts';
import { RANKINGS } from './explore/ranking.ts';

type Settings = FeaturescopeApi['settings'];

/** Models whose last dictionary is remembered. */
const MAX_MODELS = 20;

export function factsFromSettings(settings: Settings): Partial<Facts> {
  const ranking = RANKINGS.find((r) => r === settings.get('ranking'));
  // 'kl' waits for edits, which no visit begins with.
  const colourBy = COLOURS.find((c) => c !== 'kl' && c === settings.get('colourBy'));
  const generation = settings.get('generation');
  return {
    theme: settings.get('theme') ?? 'auto',
    ...(ranking && { ranking }),
    ...(colourBy && { colourBy }),
    ...(generation && { settings: generation }),
  };
}

/** The dictionary used last with a model; undefined when none is remembered. */
export function lastDictionary(settings: Settings, model: string): string | undefined {
  const all = settings.get('dictionaries');
  return all && Object.hasOwn(all, model) ? all[model] : undefined;
}

/** Writes what a person changes, and follows the theme of other tabs. */
export function keepSettings(store: StoreApi<AppState>, settings: Settings): void {
  store.subscribe((now, was) => {
    if (now.theme !== was.theme) settings.set('theme', now.theme);
    if (now.ranking !== was.ranking) settings.set('ranking', now.ranking);
    if (now.colourBy !== was.colourBy) settings.set('colourBy', now.colourBy);
    if (now.settings !== was.settings) settings.set('generation', now.settings satisfies GenerationSettings);
    if (now.dictionary !== was.dictionary && now.dictionary !== '' && now.model && !now.wanted)
      remember(settings, now.model.id, now.dictionary);
  });
  settings.subscribe(() => {
    const theme = settings.get('theme') ?? 'auto';
    if (theme !== store.getState().theme) store.setState({ theme });
  });
}

function remember(settings: Settings, model: string, dictionary: string): void {
  const { [model]: _, ...others } = settings.get('dictionaries') ?? {};
  const kept = Object.entries(others).slice(1 - MAX_MODELS);
  settings.set('dictionaries', Object.fromEntries([...kept, [model, dictionary]]));
}
