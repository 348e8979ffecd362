import { useEffect, useId, useMemo, useState } from 'react';
import type { DictionaryCard, DictionaryInfo } from '../../api/dictionaries.ts';
import { formatInteger, formatNumber } from '../../charts/format.ts';
import { bestOf, dictionaryMap, variantWords } from '../../state/explore/dictionaryMap.ts';
import { chosenDictionary } from '../../state/shared/dictionaries.ts';
import { siteName, siteWords } from '../../state/shared/hooks.ts';
import { ModelMap, type MapCell, type MapRow } from '../shared/ModelMap.tsx';
import { useActions, useApp } from './store.ts';

/** Which dictionary is looked through: a map of the model with a cell for each hook that has some. */
export function DictionaryMap() {
  const dictionaries = useApp((s) => s.dictionaries);
  const model = useApp((s) => s.model);
  const chosen = useApp(chosenDictionary);
  const opened = useApp((s) => s.opened);
  const { chooseDictionary } = useActions();
  const list = dictionaries.status === 'done' ? dictionaries.list : NONE;
  const map = useMemo(() => (model ? dictionaryMap(list, model) : null), [list, model]);
  if (!map || !model) return null;
  const isHere = (d: DictionaryInfo) => d.source === 'files' || opened.includes(d.id);
  const rows: MapRow[] = map.rows.map(({ site, blocks }) => ({
    id: site,
    label: siteName(site),
    title: siteWords(blocks.flat().at(0)?.hook ?? site),
    cells: blocks.map((place) => cellOf(place, chosen, isHere)),
  }));
  const press = (hook: string) => {
    const best = bestOf(
      list.filter((d) => d.fits && d.hook === hook),
      chosen,
    );
    if (best && hook !== chosen?.hook) chooseDictionary(best.id);
  };
  const place = list.filter((d) => d.fits && d.hook === chosen?.hook);
  return (
    <div className="dictionary-map" data-dictionary={chosen?.id ?? ''}>
      {rows.length > 0 && (
        <ModelMap
          label="Dictionaries, by their place in the model"
          columns={Array.from({ length: model.n_layers }, (_, i) => String(i))}
          rows={rows}
          onPress={press}
        />
      )}
      <PlaceList title={chosen?.hook ?? ''} place={place} chosen={chosen} isHere={isHere} />
      {map.elsewhere.some((d) => !place.includes(d)) && (
        <PlaceList title="At no block" place={map.elsewhere.filter((d) => !place.includes(d))} chosen={chosen} isHere={isHere} />
      )}
      {map.others.length > 0 && <Others list={map.others} />}
    </div>
  );
}

const NONE: readonly DictionaryInfo[] = [];

function cellOf(
  place: readonly DictionaryInfo[],
  chosen: DictionaryInfo | undefined,
  isHere: (d: DictionaryInfo) => boolean,
): MapCell | null {
  const first = place.at(0);
  if (!first) return null;
  const { hook } = first;
  const here = place.some(isHere);
  const count = place.length;
  return {
    id: hook,
    name: `${hook.replace(/^blocks\.(\d+)\..*/, 'block $1')}, ${siteWords(hook) || hook}, ${count} ${count === 1 ? 'dictionary' : 'dictionaries'}${here ? ', here' : ''}`,
    face: `${here ? '●' : '○'}${count > 1 ? ` ${count}` : ''}`,
    chosen: hook === chosen?.hook,
  };
}

interface PlaceListProps {
  title: string;
  place: readonly DictionaryInfo[];
  chosen: DictionaryInfo | undefined;
  isHere: (d: DictionaryInfo) => boolean;
}

/** What there is at one place, to choose from. */
function PlaceList({ title, place, chosen, isHere }: PlaceListProps) {
  const { chooseDictionary } = useActions();
  const name = useId();
  const figures = useFigures(place.filter(isHere));
  if (place.length === 0) return null;
  return (
    <fieldset className="place-list">
      <legend>
        <code>{title}</code>
      </legend>
      {place.map((d) => (
        <label key={d.id} className="check">
          <input type="radio" name={name} checked={d.id === chosen?.id} onChange={() => chooseDictionary(d.id)} />
          <span>
            <strong>{variantWords(d)}</strong>{' '}
            <span className="hint">
              {formatInteger(d.d_sae)} features{figures[d.id] ?? ''}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** ", L0 12, FVU 0.2" by id, of those whose files say so; only those at hand are asked, since asking fetches the weights. */
function useFigures(list: readonly DictionaryInfo[]): Readonly<Record<string, string>> {
  const { dictionaryCard } = useActions();
  const [figures, setFigures] = useState<Readonly<Record<string, string>>>({});
  const ids = list.map(({ id }) => id).join('\n');
  useEffect(() => {
    let stale = false;
    for (const id of ids.split('\n').filter((one) => one !== '')) {
      void dictionaryCard(id).then(
        ({ record }) => !stale && setFigures((known) => ({ ...known, [id]: figureWords(record) })),
        // The list does without; what opens it says what is wrong.
        () => undefined,
      );
    }
    return () => {
      stale = true;
    };
  }, [ids, dictionaryCard]);
  return figures;
}

function figureWords(record: DictionaryCard['record']): string {
  const said = (key: string, name: string) => {
    const value = record?.[key];
    return typeof value === 'number' ? `, ${name} ${formatNumber(value)}` : '';
  };
  return said('l0', 'L0') + said('fvu', 'FVU');
}

/** What cannot be read with this model; its card says why. */
function Others({ list }: { list: readonly DictionaryInfo[] }) {
  const { openDialog } = useActions();
  return (
    <details className="fold">
      <summary>
        {list.length} more that {list.length === 1 ? 'does' : 'do'} not fit this model
      </summary>
      <ul className="other-dictionaries">
        {list.map((d) => (
          <li key={d.id}>
            <span>
              {d.label} <span className="hint">{d.hook === '' ? 'names no hook' : `${d.hook}, ${formatInteger(d.d_in)} numbers`}</span>
            </span>
            <button
              type="button"
              className="button-small"
              aria-label={`About ${d.label}`}
              onClick={() => openDialog({ kind: 'card', id: d.id })}
            >
              About
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
