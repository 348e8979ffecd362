import { useState, type ChangeEvent } from 'react';
import { Empty, Panel } from '../shared/Panel.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { TaskLine } from './TaskLine.tsx';
import { TreeForm } from './TreeForm.tsx';
import { TreePanel } from './TreePanel.tsx';

/** A tree of what makes a feature fire: the form, and what has grown of it. */
export function TreePart() {
  const { stopTree } = useCircuitsActions();
  const grown = useCircuits((s) => s.grown);
  const task = useCircuits((s) => s.treeTask);
  const target = useCircuits((s) => s.place.tree);
  const [wanted, setWanted] = useState<boolean | null>(null);
  // Out of the way of the picture, until somebody wants it again.
  const isOpen = wanted ?? !grown;
  const name = Number.isNaN(target.latent) ? 'a feature' : `feature ${target.latent}`;
  return (
    <>
      <Panel title={`What makes ${name} fire`} className="circuits-ask" aside={<OpenFile />}>
        <details
          className="fold"
          open={isOpen}
          onToggle={(event) => setWanted(event.currentTarget.open === !grown ? null : event.currentTarget.open)}
        >
          <summary>What is measured</summary>
          <TreeForm busy={task?.status === 'running'} />
        </details>
        <TaskLine task={task} kept={grown ? 'What was measured by then stays.' : 'Nothing was measured by then.'} onStop={stopTree} />
      </Panel>
      {grown ? (
        <TreePanel grown={grown} />
      ) : (
        <Panel title="The tree">
          <Empty>
            {task?.status === 'running'
              ? 'The first parents are being measured.'
              : 'Earlier features are taken out one by one, and what that does to the target is measured. Those with the largest effects become its parents, then the parents of these, down to the tokens.'}
          </Empty>
        </Panel>
      )}
    </>
  );
}

/** Opens a tree that was saved as JSON. */
function OpenFile() {
  const { openFile } = useCircuitsActions();
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    const file = event.target.files?.[0];
    // Choosing the same file again is a change again.
    event.target.value = '';
    if (file) void openFile(file);
  };
  return (
    <label className="button button-small">
      Open a tree
      <input type="file" accept=".json,application/json" className="visually-hidden" onChange={take} />
    </label>
  );
}
