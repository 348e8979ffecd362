import { useState } from 'react';
import type { HookInfo } from '../../api/model.ts';
import { hookGroups, hookParts, hookWidth, siteWords } from '../../state/shared/hooks.ts';

interface PlacePickerProps {
  hooks: readonly HookInfo[];
  chosen: readonly string[];
  onChange: (hooks: readonly string[]) => void;
}

/** Read by most dictionaries; the other sites stand behind a button. */
const USUAL = ['hook_resid_post', 'hook_mlp_out', 'hook_attn_out', 'mlp.hook_post'];

/** Places in the model, a row for each site and a box for each block. */
export function PlacePicker({ hooks, chosen, onChange }: PlacePickerProps) {
  const [all, setAll] = useState(false);
  const readable = hooks.filter((hook) => hookWidth(hook) !== null);
  const blocks = hookGroups(readable).filter((group) => typeof group === 'number');
  const sites = [...new Set(readable.filter((h) => typeof hookParts(h.name).group === 'number').map((h) => hookParts(h.name).site))];
  const isChosen = (name: string) => chosen.includes(name);
  const shown = sites
    .filter((site) => all || USUAL.includes(site) || chosen.some((name) => hookParts(name).site === site))
    .sort((a, b) => rank(a) - rank(b));
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
  return (
    <div className="places">
      <div className="table-scroll">
        <table className="places-table">
          <thead>
            <tr>
              <th scope="col">Block</th>
              {blocks.map((block) => (
                <th key={block} scope="col">
                  {block}
                </th>
              ))}
              <td />
            </tr>
          </thead>
          <tbody>
            {shown.map((site) => (
              <Site key={site} site={site} hooks={readable} blocks={blocks} isChosen={isChosen} onToggle={toggle} />
            ))}
          </tbody>
        </table>
      </div>
      {single.map(({ name }) => (
        <label key={name} className="check">
          <input type="checkbox" checked={isChosen(name)} onChange={(e) => toggle([name], e.target.checked)} />
          <span>
            <code>{name}</code> <span className="hint">{siteWords(name)}</span>
          </span>
        </label>
      ))}
      <button type="button" className="button-small" aria-expanded={all} onClick={() => setAll(!all)}>
        {all ? 'Fewer sites' : 'All sites'}
      </button>
    </div>
  );
}

function rank(site: string): number {
  const at = USUAL.indexOf(site);
  return at < 0 ? USUAL.length : at;
}

interface SiteProps {
  site: string;
  hooks: readonly HookInfo[];
  blocks: readonly number[];
  isChosen: (name: string) => boolean;
  onToggle: (names: readonly string[], on: boolean) => void;
}

function Site({ site, hooks, blocks, isChosen, onToggle }: SiteProps) {
  const of = (block: number) => hooks.find(({ name }) => hookParts(name).group === block && hookParts(name).site === site)?.name;
  const names = blocks.flatMap((block) => of(block) ?? []);
  const every = names.every(isChosen);
  return (
    <tr>
      <th scope="row">
        <code>{site}</code>
        <span className="hint">{siteWords(names[0] ?? site)}</span>
      </th>
      {blocks.map((block) => {
        const name = of(block);
        return (
          <td key={block}>
            {name !== undefined && (
              <label className="place">
                <input
                  type="checkbox"
                  checked={isChosen(name)}
                  aria-label={name}
                  title={name}
                  onChange={(e) => onToggle([name], e.target.checked)}
                />
              </label>
            )}
          </td>
        );
      })}
      <td>
        <button
          type="button"
          className="button-small button-quiet"
          aria-label={`${every ? 'none' : 'all'} of the blocks, ${site}`}
          onClick={() => onToggle(names, !every)}
        >
          {every ? 'none' : 'all'}
        </button>
      </td>
    </tr>
  );
}
