import { vectorName } from '../../state/explore/edits.ts';
import { useActions, useApp } from './store.ts';

/** Activations kept from the panel above, for use in edits. */
export function KeptVectors() {
  const vectors = useApp((s) => s.bench.vectors);
  const { removeVector } = useActions();
  if (vectors.length === 0) return null;
  return (
    <div className="vectors">
      <h3>Kept vectors</h3>
      <ul>
        {vectors.map((v) => (
          <li key={v.id}>
            <span className="vector-name">{vectorName(v)}</span>
            <span className="vector-label">
              <span className="token-sample">{v.token}</span> at {v.position}, <code>{v.hook}</code> <q>{v.excerpt}</q>
            </span>
            <button type="button" className="button-small" onClick={() => removeVector(v.id)} aria-label={`Remove vector ${vectorName(v)}`}>
              Remove
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
