import { useState } from 'react';
import { Empty, Panel } from '../shared/Panel.tsx';
import { CircuitPanel } from './CircuitPanel.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { PromptForm } from './PromptForm.tsx';
import { TaskLine } from './TaskLine.tsx';

/** What carries a prediction of a prompt: the form, and what was measured. */
export function PromptPart() {
  const { stopCircuit } = useCircuitsActions();
  const made = useCircuits((s) => s.made);
  const coming = useCircuits((s) => s.coming);
  const task = useCircuits((s) => s.circuitTask);
  const [wanted, setWanted] = useState<boolean | null>(null);
  const isOpen = wanted ?? !made;
  const running = task?.status === 'running';
  return (
    <>
      <Panel title="What carries a prediction" className="circuits-ask">
        <details
          className="fold"
          open={isOpen}
          onToggle={(event) => setWanted(event.currentTarget.open === !made ? null : event.currentTarget.open)}
        >
          <summary>What is measured</summary>
          <PromptForm busy={running} />
        </details>
        <TaskLine task={task} kept={made ? 'The circuit before stays.' : 'Nothing is kept of it.'} onStop={stopCircuit} />
        {running && coming.length > 0 && <p className="hint">{coming.length} nodes measured so far.</p>}
      </Panel>
      {made ? (
        <CircuitPanel made={made} />
      ) : (
        <Panel title="The circuit">
          <Empty>
            Every feature that is active at a position is taken out there, one by one, and what that does to the difference between two
            tokens is measured. The strongest are drawn, positions as columns and layers as rows, with the edges among them.
          </Empty>
        </Panel>
      )}
    </>
  );
}
