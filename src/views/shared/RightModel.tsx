import { isSameModel, repositoryOfModel } from '../../core/lm/modelNames.ts';
import { useActions, useApp } from './StoreContext.tsx';

/**
 * Opens the model that a dictionary was made for, or shows where the hub has it; nothing where its name leads nowhere or
 * that model is open.
 * @param name as the dictionary's files write it
 * @param what what needs it, for somebody who hears several such buttons
 */
export function RightModel({ name, what }: { name: string; what?: string }) {
  const isOpen = useApp((s) => s.model !== null && isSameModel(s.model.id, name));
  const here = useApp((s) => s.models.find((m) => isSameModel(m.id, name)));
  const { loadModel, openDialog } = useActions();
  const repository = repositoryOfModel(name);
  if (isOpen || (!here && repository === undefined)) return null;
  const open = () => {
    if (!here) return openDialog({ kind: 'hub', id: repository! });
    openDialog(null);
    void loadModel(here.id, here.id);
  };
  const words = here ? `Open ${here.id}` : `Get ${repository!}`;
  return (
    <button type="button" className="button-small" onClick={open} {...(what !== undefined && { 'aria-label': `${words} for ${what}` })}>
      {words}
    </button>
  );
}
