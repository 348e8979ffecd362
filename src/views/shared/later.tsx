import { lazy, type ComponentType } from 'react';
import { Sheet } from './Sheet.tsx';
import { useActions } from './StoreContext.tsx';

/** A dialog that is fetched when it is first wanted: the first paint does without it. Shown in a Suspense. */
export function laterDialog<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  return lazy<ComponentType<Props>>(() =>
    load().then(
      (dialog) => ({ default: dialog }),
      () => ({ default: DialogMissing }),
    ),
  );
}

/** A part of a panel that is fetched when it is first wanted. Shown in a Suspense. */
export function laterPart<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  return lazy<ComponentType<Props>>(() =>
    load().then(
      (part) => ({ default: part }),
      () => ({ default: PartMissing }),
    ),
  );
}

function PartMissing() {
  return <p role="alert">{PART_MISSING}</p>;
}

function DialogMissing() {
  const { openDialog } = useActions();
  return (
    <Sheet title="Not here" onClose={() => openDialog(null)}>
      <p role="alert">{PART_MISSING}</p>
    </Sheet>
  );
}

export const PART_MISSING = 'This part of the page could not be fetched. Look whether the server can be reached, then reload the page.';
