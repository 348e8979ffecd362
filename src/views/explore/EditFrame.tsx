import type { FormEvent, ReactNode } from 'react';
import type { EditWhere } from '../../state/explore/edits.ts';
import { WherePicker, whereProblem } from './WherePicker.tsx';

interface EditFrameProps {
  where: EditWhere;
  onWhere: (where: EditWhere) => void;
  /** Why what the fields say cannot be done, as a sentence. */
  problem: string | null;
  submitLabel: string;
  onSubmit: () => void;
  onCancel: () => void;
  /** The fields. */
  children: ReactNode;
  /** Beside the buttons. */
  aside?: ReactNode;
}

/** What the forms of all edits share: where they act, what stands against them, and their buttons. */
export function EditFrame({ where, onWhere, problem: own, submitLabel, onSubmit, onCancel, children, aside }: EditFrameProps) {
  const problem = own ?? whereProblem(where);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (problem === null) onSubmit();
  };
  return (
    <form className="edit-form" onSubmit={submit} onKeyDown={(e) => e.key === 'Escape' && onCancel()}>
      {children}
      <WherePicker where={where} onChange={onWhere} />
      {problem && <p className="problem">{problem}</p>}
      <div className="panel-foot">
        <button type="submit" className="button-main" disabled={problem !== null}>
          {submitLabel}
        </button>
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        {aside}
      </div>
    </form>
  );
}
