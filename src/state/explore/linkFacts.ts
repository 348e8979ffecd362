/** The facts that go into a link, and what a link says of them. */
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { LinkedDictionary, LinkState } from '../shared/link.ts';
import { chosenDictionary, type DictionaryFacts } from '../shared/dictionaries.ts';
import type { ModelFacts } from '../shared/model.ts';
import { VIEWS, type PageFacts } from '../shared/page.ts';
import { COLOURS, type ExploreFacts } from './facts.ts';
import { MAX_PINS, type Pin } from './featureFacts.ts';
import { RANKINGS } from './ranking.ts';

export type LinkedFacts = ExploreFacts &
  DictionaryFacts &
  Pick<ModelFacts, 'model' | 'wantedModel'> &
  Pick<PageFacts, 'view' | 'feature' | 'circuits'>;

/** What a change of calls for another link. */
export const LINKED = [
  'text',
  'model',
  'dictionary',
  'wanted',
  'hook',
  'colourBy',
  'ranking',
  'pins',
  'position',
  'span',
  'compare',
  'view',
  'feature',
  'circuits',
] as const;

/** What a link says, as far as it is usable. */
export function factsOf({
  text,
  hook,
  colourBy,
  ranking,
  pins,
  position,
  span,
  compare,
  dictionary,
  model,
  view,
}: LinkState): Partial<LinkedFacts> {
  const ranked = RANKINGS.find((r) => r === ranking);
  const colour = COLOURS.find((c) => c === colourBy);
  return {
    view: VIEWS.find((v) => v === view) ?? 'explore',
    ...(text !== undefined && { text }),
    ...(hook !== undefined && { hook }),
    ...(colour && { colourBy: colour }),
    ...(ranked && { ranking: ranked }),
    ...(pins && { pins: usablePins(pins) }),
    ...(position !== undefined && { position }),
    ...(span && { span }),
    ...(compare !== undefined && { compare: { text: compare } }),
    // Wanted, not chosen: only the library knows whether it is here, and what is asked of it before would have no answer.
    ...(dictionary && { wanted: dictionary }),
    ...(model && { wantedModel: model }),
  };
}

/** Each place of each dictionary taken once. */
function usablePins(pins: readonly Pin[]): Pin[] {
  const taken = new Set<string>();
  return pins.filter(({ dictionary, latent, slot }) => {
    const keys = [`${dictionary} slot ${slot}`, `${dictionary} latent ${latent}`];
    if (slot >= MAX_PINS || keys.some((key) => taken.has(key))) return false;
    keys.forEach((key) => taken.add(key));
    return true;
  });
}

/** What of the state goes into a link. */
export function linkState(state: LinkedFacts): LinkState {
  const { text, hook, colourBy, ranking, pins, position, span, compare, model, wanted, view } = state;
  const chosen = chosenDictionary(state);
  const dictionary = wanted ?? (chosen ? linkTo(chosen) : null);
  return {
    text,
    ...(model && { model: { id: model.id, hash: model.hash } }),
    ...(dictionary && { dictionary }),
    ...(hook !== '' && { hook }),
    colourBy,
    ranking,
    ...(pins.length > 0 && { pins: pins.map(({ dictionary: of, latent, slot }) => ({ dictionary: of, latent, slot })) }),
    ...(position !== null && { position }),
    ...(span && { span: [span[0], span[1]] }),
    ...(compare && { compare: compare.text }),
    ...(view !== 'explore' && { view }),
  };
}

function linkTo({ id, hash, label, hook, model, from }: DictionaryInfo): LinkedDictionary {
  return { id, hash, label, hook, model, ...(from && { from }) };
}
