import { useState } from 'react';
import { formatBytes, formatInteger } from '../../charts/format.ts';
import type { FoundDictionary } from '../../api/dictionaries.ts';
import { Sheet } from '../shared/Sheet.tsx';
import { useActions } from './store.ts';

/** More dictionaries than this are not opened without choosing. */
const MANY = 8;

export interface PickProps {
  found: readonly FoundDictionary[];
  /** None is meant. */
  onClose: () => void;
}

/** Which of several dictionaries that were dropped together are meant. */
export function PickDialog({ found, onClose }: PickProps) {
  const { importPicked } = useActions();
  const everything = found.map((_, position) => position);
  // Sweeps hold dozens of large ones: those are chosen one by one.
  const [chosen, setChosen] = useState<ReadonlySet<number>>(() => new Set(found.length > MANY ? [] : everything));
  const toggle = (position: number) => {
    const next = new Set(chosen);
    if (!next.delete(position)) next.add(position);
    setChosen(next);
  };
  const all = chosen.size === found.length;
  const bytes = [...chosen].reduce((sum, position) => sum + found[position].bytes, 0);
  return (
    <Sheet title={`${formatInteger(found.length)} dictionaries found`} onClose={onClose}>
      <label className="check">
        <input type="checkbox" checked={all} onChange={() => setChosen(new Set(all ? [] : everything))} />
        All of them
      </label>
      <ul className="pick-list">
        {found.map(({ name, architecture, hook, d_sae, bytes }, position) => (
          <li key={position}>
            <label className="check">
              <input type="checkbox" checked={chosen.has(position)} onChange={() => toggle(position)} />
              <span>
                <code>{name}</code>{' '}
                <span className="hint">
                  {architecture}, {formatInteger(d_sae)} features{hook && ` of ${hook}`}, {formatBytes(bytes)}
                </span>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <div className="panel-foot">
        <button
          type="button"
          className="button-main"
          disabled={chosen.size === 0}
          onClick={() => void importPicked([...chosen].sort((a, b) => a - b))}
        >
          Open {formatInteger(chosen.size)}
          {chosen.size > 0 && ` (${formatBytes(bytes)})`}
        </button>
        <button type="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </Sheet>
  );
}
