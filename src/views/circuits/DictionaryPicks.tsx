import type { DictionaryInfo } from '../../api/dictionaries.ts';
import { chosenFrom, lowerDictionaries, rankOf } from '../../state/circuits/settings.ts';
import { hookWords } from '../../state/circuits/words.ts';
import { useApp } from '../shared/StoreContext.tsx';

interface DictionaryPicksProps {
  /** Above the list. */
  legend: string;
  /** Only what the model computes before it; absent: all. */
  target?: DictionaryInfo;
  /** null: the usual ones. */
  from: readonly string[] | null;
  onChange: (from: readonly string[] | null) => void;
}

const NONE: readonly DictionaryInfo[] = [];

/** Which dictionaries are asked of: folded, with those that are chosen in its line. */
export function DictionaryPicks({ legend, target, from, onChange }: DictionaryPicksProps) {
  const list = useApp((s) => (s.dictionaries.status === 'done' ? s.dictionaries.list : NONE));
  const lower = [...lowerDictionaries(list, target)].sort((a, b) => rankOf(b.hook) - rankOf(a.hook));
  const chosen = chosenFrom(list, target, from);
  const toggle = (id: string) => onChange(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <details className="fold circuits-picks">
      <summary>
        {legend}: {chosen.length === 0 ? 'none' : `${chosen.length} of ${lower.length} dictionaries`}
        {from === null && chosen.length > 0 && ', one of each residual stream'}
      </summary>
      <ul>
        {lower.map(({ id, label, hook }) => (
          <li key={id}>
            <label className="check">
              <input type="checkbox" checked={chosen.includes(id)} onChange={() => toggle(id)} />
              <span>
                {hookWords(hook)} <span className="hint">{label}</span>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <div className="panel-foot">
        <button type="button" className="button-small" onClick={() => onChange(lower.map(({ id }) => id))}>
          All
        </button>
        <button type="button" className="button-small" disabled={from === null} onClick={() => onChange(null)}>
          The usual ones
        </button>
      </div>
    </details>
  );
}
