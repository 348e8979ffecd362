/** The dictionaries at hand laid out as the model is: a place for each hook that has some. */
import type { DictionaryInfo } from '../../api/dictionaries.ts';
import type { ModelInfo } from '../../api/model.ts';
import { hookParts, inSiteOrder, USUAL_SITES } from '../shared/hooks.ts';

/** Dictionaries of one hook. */
interface MapPlaces {
  site: string;
  /** By block; an empty list where there is none. */
  blocks: DictionaryInfo[][];
}

interface DictionaryMap {
  rows: MapPlaces[];
  /** Fit, at a hook that belongs to no block. */
  elsewhere: DictionaryInfo[];
  /** Do not fit the model, or name no hook. */
  others: DictionaryInfo[];
}

/** Rows of which the map always shows all: they say what there could be. */
const ALWAYS = USUAL_SITES.slice(0, 3);

export function dictionaryMap(list: readonly DictionaryInfo[], model: Pick<ModelInfo, 'n_layers'>): DictionaryMap {
  const fitting = list.filter((d) => d.fits);
  const inBlock = (d: DictionaryInfo) => typeof hookParts(d.hook).group === 'number';
  const placed = fitting.filter(inBlock);
  const sites = placed.length === 0 ? [] : inSiteOrder([...ALWAYS, ...placed.map(({ hook }) => hookParts(hook).site)]);
  const rows = sites.map((site) => ({
    site,
    blocks: Array.from({ length: model.n_layers }, (_, block) => placed.filter((d) => isAt(d, site, block))),
  }));
  return { rows, elsewhere: fitting.filter((d) => !inBlock(d)), others: list.filter((d) => !d.fits) };
}

function isAt({ hook }: DictionaryInfo, site: string, block: number): boolean {
  const parts = hookParts(hook);
  return parts.site === site && parts.group === block;
}

/** The one of a place to open first: made as `like` was where there is such, so that a walk through the blocks compares like with like. */
export function bestOf(place: readonly DictionaryInfo[], like: DictionaryInfo | undefined): DictionaryInfo | undefined {
  const variant = like && variantOf(like);
  return (variant !== undefined && place.find((d) => variantOf(d) === variant)) || place.at(0);
}

/** What tells apart the dictionaries of one place that come with the page: 'r4-a0.004' of its id; undefined for others. */
export function variantOf({ id, model, hook }: DictionaryInfo): string | undefined {
  const prefix = `${model}/${hook}/`;
  return id.startsWith(prefix) ? id.slice(prefix.length) : undefined;
}

/** "R 4, α 0.004", for a person; the label of what did not come with the page. */
export function variantWords(info: DictionaryInfo): string {
  const parts = /^r(\d+(?:\.\d+)?)(?:-a(\d[\d.e-]*))?$/.exec(variantOf(info) ?? '');
  if (!parts) return variantOf(info) ?? info.label;
  return parts[2] ? `R ${parts[1]}, α ${parts[2]}` : `R ${parts[1]}`;
}
