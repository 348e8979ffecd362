/** Which dictionary was used last with each model, kept between visits. */
import type { FeaturescopeApi } from '../../api/featurescope.ts';

type Settings = FeaturescopeApi['settings'];

/** Models whose last dictionary is remembered. */
const MAX_MODELS = 20;

/** The dictionary used last with a model; undefined when none is remembered. */
export function lastDictionary(settings: Settings, model: string): string | undefined {
  const all = settings.get('dictionaries');
  return all && Object.hasOwn(all, model) ? all[model] : undefined;
}

export function rememberDictionary(settings: Settings, model: string, dictionary: string): void {
  const { [model]: _, ...others } = settings.get('dictionaries') ?? {};
  const kept = Object.entries(others).slice(1 - MAX_MODELS);
  settings.set('dictionaries', Object.fromEntries([...kept, [model, dictionary]]));
}
