import type { EditWhere } from '../../state/explore/edits.ts';
import { parsePositions } from '../../state/explore/positions.ts';
import { Choice } from '../shared/fields.tsx';

const PLACES: { value: EditWhere['kind']; label: string }[] = [
  { value: 'all', label: 'All positions' },
  { value: 'selected', label: 'The selected one' },
  { value: 'list', label: 'These' },
];

/** At which positions an edit acts. */
export function WherePicker({ where, onChange }: { where: EditWhere; onChange: (where: EditWhere) => void }) {
  const choose = (kind: EditWhere['kind']) => onChange(kind === 'list' ? { kind, text: '' } : { kind });
  return (
    <div className="where">
      <Choice legend="Where" options={PLACES} value={where.kind} onChange={choose} />
      {where.kind === 'list' && (
        <input
          type="text"
          className="positions-input"
          aria-label="Positions"
          placeholder="0-3, 7"
          value={where.text}
          onChange={(e) => onChange({ kind: 'list', text: e.target.value })}
        />
      )}
    </div>
  );
}

/** Why the positions cannot be used, as a sentence. */
export function whereProblem(where: EditWhere): string | null {
  if (where.kind !== 'list') return null;
  const parsed = parsePositions(where.text);
  return 'problem' in parsed ? parsed.problem : null;
}
