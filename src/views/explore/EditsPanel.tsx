import { Suspense, useMemo, useState } from 'react';
import { compileEdits, editProblem, editsCode, type EditItem } from '../../state/explore/edits.ts';
import { editContext } from '../../state/explore/selectors.ts';
import { isOfLatent } from '../../state/explore/latentChange.ts';
import { CopyButton } from '../shared/CopyButton.tsx';
import type { EditFormProps } from './EditForm.tsx';
import { EditRow } from './EditRow.tsx';
import { KeptVectors } from './KeptVectors.tsx';
import { Info } from '../shared/Info.tsx';
import { laterPart } from '../shared/later.tsx';
import { Empty, Panel } from '../shared/Panel.tsx';
import { useActions, useApp } from './store.ts';

const HookForm = laterPart<EditFormProps>(() => import('./EditForm.tsx').then((m) => m.EditForm));
const LatentForm = laterPart<EditFormProps>(() => import('./LatentEditForm.tsx').then((m) => m.LatentEditForm));

type Kind = 'hook' | 'latent';

function EditForm({ kind, ...props }: EditFormProps & { kind: Kind }) {
  const Form = kind === 'hook' ? HookForm : LatentForm;
  return (
    <Suspense fallback={<Empty>One moment…</Empty>}>
      <Form {...props} />
    </Suspense>
  );
}

export function EditsPanel() {
  const model = useApp((s) => s.model);
  const edits = useApp((s) => s.bench.edits);
  const { addEdit } = useActions();
  const [adding, setAdding] = useState<Kind | null>(null);
  const hasFeatures = useApp((s) => s.features !== null);
  const [changing, setChanging] = useState<number | null>(null);
  return (
    <Panel title="Edits" aside={<Tools count={edits.length} />} className="panel-edits">
      {edits.length === 0 && adding === null && (
        <Empty>
          No edits: the model runs as it is. An edit changes activations while it runs, and predictions are then shown before and after.
        </Empty>
      )}
      <EditList edits={edits} changing={changing} onChanging={setChanging} />
      {model &&
        (adding ? (
          <EditForm
            kind={adding}
            submitLabel="Add edit"
            onCancel={() => setAdding(null)}
            onSubmit={(edit) => {
              addEdit(edit);
              setAdding(null);
            }}
          />
        ) : (
          <div className="panel-foot">
            {hasFeatures && (
              <button type="button" onClick={() => setAdding('latent')}>
                Edit a feature
              </button>
            )}
            <button type="button" onClick={() => setAdding('hook')}>
              Add an edit
            </button>
          </div>
        ))}
      <DropError />
      <KeptVectors />
      {edits.length > 0 && <EditsCode />}
    </Panel>
  );
}

function Tools({ count }: { count: number }) {
  const undoWords = useApp((s) => s.timeline.past.at(-1)?.words);
  const redoWords = useApp((s) => s.timeline.future.at(0)?.words);
  const { undo, redo, clearEdits } = useActions();
  return (
    <>
      <button type="button" className="button-small" onClick={undo} disabled={!undoWords} title={undoWords && `Undo: ${undoWords}`}>
        Undo
      </button>
      <button type="button" className="button-small" onClick={redo} disabled={!redoWords} title={redoWords && `Redo: ${redoWords}`}>
        Redo
      </button>
      {count > 1 && (
        <button type="button" className="button-small" onClick={clearEdits}>
          Remove all
        </button>
      )}
    </>
  );
}

interface EditListProps {
  edits: readonly EditItem[];
  changing: number | null;
  onChanging: (id: number | null) => void;
}

function EditList({ edits, changing, onChanging }: EditListProps) {
  const context = useEditContext();
  const { changeEdit } = useActions();
  if (edits.length === 0) return null;
  return (
    <ol className="edits">
      {edits.map((item) => (
        <li key={item.id}>
          {changing === item.id ? (
            <EditForm
              kind={isOfLatent(item.change) ? 'latent' : 'hook'}
              initial={item}
              submitLabel="Save"
              onCancel={() => onChanging(null)}
              onSubmit={(edit) => {
                changeEdit(item.id, edit);
                onChanging(null);
              }}
            />
          ) : (
            <EditRow
              item={item}
              context={context}
              problem={item.on ? editProblem(item, context) : null}
              onChange={() => onChanging(item.id)}
            />
          )}
        </li>
      ))}
    </ol>
  );
}

/** Where a feature is changed: whether on the activations, or on what its dictionary makes of them. */
function DropError() {
  const shown = useApp((s) => s.bench.edits.some(({ change }) => isOfLatent(change)));
  const drops = useApp((s) => s.bench.dropsError);
  const { setDropsError } = useActions();
  if (!shown) return null;
  return (
    <div className="with-info">
      <label className="check">
        <input type="checkbox" checked={drops} onChange={(e) => setDropsError(e.target.checked)} />
        Drop the reconstruction error
      </label>
      <Info about="the reconstruction error">
        A dictionary explains activations in part. Kept, that other part stays as it is, and only the features edited change anything.
        Dropped, the reconstruction takes the place of the activations wherever a feature is edited, so the comparison also shows what that
        costs.
      </Info>
    </div>
  );
}

/** What edits are compiled against, made anew only when a part of it changes. */
function useEditContext() {
  const model = useApp((s) => s.model);
  const bench = useApp((s) => s.bench);
  const analysis = useApp((s) => s.analysis);
  const position = useApp((s) => s.position);
  const dictionaries = useApp((s) => s.dictionaries);
  return useMemo(() => editContext({ model, bench, analysis, position, dictionaries }), [model, bench, analysis, position, dictionaries]);
}

function EditsCode() {
  const context = useEditContext();
  const items = useApp((s) => s.bench.edits);
  const edits = useMemo(() => compileEdits(items, context), [items, context]);
  return (
    <details className="code">
      <summary>As code for the scripting interface</summary>
      <pre tabIndex={0}>{editsCode(edits, false)}</pre>
      <CopyButton label="Copy code" text={() => editsCode(edits, true)} />
    </details>
  );
}
