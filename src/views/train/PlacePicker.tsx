import { useState } from 'react';
import type { HookInfo } from '../../api/model.ts';
import { hookParts, hookWidth, inSiteOrder, siteName, siteWords, USUAL_SITES } from '../../state/shared/hooks.ts';
import { ModelMap, type MapRow } from '../shared/ModelMap.tsx';

interface PlacePickerProps {
  hooks: readonly HookInfo[];
  chosen: readonly string[];
  onChange: (hooks: readonly string[]) => void;
}

/** Places in the model, as a map of it: each cell is a hook; other sites than the usual stand behind a button. */
export function PlacePicker({ hooks, chosen, onChange }: PlacePickerProps) {
  const [all, setAll] = useState(false);
  const readable = hooks.filter((hook) => hookWidth(hook) !== null);
  const isChosen = (name: string) => chosen.includes(name);
  const single = readable.filter((h) => typeof hookParts(h.name).group !== 'number' && (all || isChosen(h.name)));
  // In the order of the model, whatever was clicked first.
  const put = (names: ReadonlySet<string>) => {
    const known = readable.map(({ name }) => name).filter((name) => names.has(name));
    onChange([...known, ...[...names].filter((name) => !known.includes(name))]);
  };
  const toggle = (names: readonly string[], on: boolean) => {
    const next = new Set(chosen);
    names.forEach((name) => (on ? next.add(name) : next.delete(name)));
    put(next);
  };
  const { blocks, rows } = placesOf(readable, chosen, all);
  const press = (id: string) => {
    const row = rows.find(({ site }) => `all ${site}` === id);
    if (row) toggle(row.names, !row.names.every(isChosen));
    else toggle([id], !isChosen(id));
  };
  return (
    <div className="places">
      <ModelMap label="Places in the model" columns={[...blocks.map(String), '']} rows={rows} multiple onPress={press} />
      {single.map(({ name }) => (
        <label key={name} className="check">
          <input type="checkbox" checked={isChosen(name)} onChange={(e) => toggle([name], e.target.checked)} />
          <span>
            <code>{name}</code> <span className="hint">{siteWords(name)}</span>
          </span>
        </label>
      ))}
      <div className="places-foot">
        <button type="button" className="button-small" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Fewer sites' : 'All sites'}
        </button>
        <span className="hint">
          {chosen.length > 3 ? `${chosen.length} places` : chosen.map((name) => name.replace(/^blocks\./, '')).join(', ')}
        </span>
      </div>
    </div>
  );
}

interface PlaceRow extends MapRow {
  site: string;
  /** Its hooks. */
  names: readonly string[];
}

/** A row for each site, a cell for each block, and one that takes the whole row. */
function placesOf(readable: readonly HookInfo[], chosen: readonly string[], all: boolean): { blocks: number[]; rows: PlaceRow[] } {
  const inBlocks = readable.flatMap(({ name }) => {
    const { group, site } = hookParts(name);
    return typeof group === 'number' ? [{ name, block: group, site }] : [];
  });
  const blocks = [...new Set(inBlocks.map(({ block }) => block))];
  const isShown = ({ name, site }: (typeof inBlocks)[number]) => all || USUAL_SITES.includes(site) || chosen.includes(name);
  const rows = inSiteOrder(inBlocks.filter(isShown).map(({ site }) => site)).map((site) => {
    const own = inBlocks.filter((hook) => hook.site === site);
    const names = own.map(({ name }) => name);
    const every = names.every((name) => chosen.includes(name));
    const cells = blocks.map((block) => {
      const name = own.find((hook) => hook.block === block)?.name;
      if (name === undefined) return null;
      const isIn = chosen.includes(name);
      return { id: name, name: `block ${block}, ${siteWords(name) || site}, ${name}`, face: isIn ? '✓' : '', chosen: isIn };
    });
    const tool = {
      id: `all ${site}`,
      name: `${every ? 'none' : 'all'} of the blocks, ${siteName(site)}`,
      face: every ? 'none' : 'all',
      chosen: false,
      tool: true,
    };
    return { id: site, site, names, label: siteName(site), title: `${site}: ${siteWords(names[0])}`, cells: [...cells, tool] };
  });
  return { blocks, rows };
}
