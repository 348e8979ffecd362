import type { Mark } from '../../charts/Graph.tsx';
import { Info } from '../shared/Info.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { KEY_WORDS } from './treeKeys.ts';

interface TreeToolsProps {
  search: string;
  onSearch: (search: string) => void;
  marks: ReadonlyMap<string, Mark>;
  full: boolean;
  onFull: (full: boolean) => void;
}

const LEAST = [0, 0.02, 0.05, 0.1, 0.2, 0.5];

/** Above the picture: looking for nodes, which edges are drawn, steps back. */
export function TreeTools({ search, onSearch, marks, full, onFull }: TreeToolsProps) {
  const { setLeast, undo, redo } = useCircuitsActions();
  const least = useCircuits((s) => s.place.look.least);
  const past = useCircuits((s) => s.history.past.at(-1)?.words);
  const future = useCircuits((s) => s.history.future.at(-1)?.words);
  const found = [...marks].filter(([, mark]) => mark.found);
  const goTo = () => found[0] && document.querySelector<SVGElement>(`[data-node="${CSS.escape(found[0][0])}"]`)?.focus();
  return (
    <div className="tree-tools">
      <form
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          goTo();
        }}
      >
        <input
          type="search"
          aria-label="Find a node by name or number"
          placeholder="Find a node"
          value={search}
          onChange={(e) => onSearch(e.target.value)}
        />
        <span className="hint" role="status">
          {search.trim() !== '' && `${found.length} found`}
        </span>
      </form>
      <label className="inline-field">
        <span className="field-label">Edges from</span>
        <select value={least} onChange={(e) => setLeast(Number(e.target.value))}>
          {LEAST.concat(LEAST.includes(least) ? [] : [least]).map((share) => (
            <option key={share} value={share}>
              {share === 0 ? 'all' : `${Math.round(share * 1000) / 10} %`}
            </option>
          ))}
        </select>
      </label>
      <div className="tree-tools-buttons">
        <button type="button" className="button-small" disabled={past === undefined} onClick={undo} title={past && `Undo: ${past} (U)`}>
          Undo
        </button>
        <button type="button" className="button-small" disabled={future === undefined} onClick={redo} title={future && `Redo: ${future}`}>
          Redo
        </button>
        <button type="button" className="button-small" aria-pressed={full} onClick={() => onFull(!full)}>
          {full ? 'Leave the full window' : 'Full window'}
        </button>
        <Info about="the keys of the picture">
          <span className="key-list">
            {KEY_WORDS.map(([keys, words]) => (
              <span key={keys}>
                <kbd>{keys}</kbd> {words}
              </span>
            ))}
          </span>
        </Info>
      </div>
    </div>
  );
}
