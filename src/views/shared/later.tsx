import { lazy, type ComponentType } from 'react';
import { PART_MISSING } from '../../state/shared/page.ts';
import { Sheet } from './Sheet.tsx';
import { useActions } from './StoreContext.tsx';

/** How a dialog is closed that is not one of the store's. */
interface Closable {
  onClose?: () => void;
}

/** A dialog that is fetched when it is first wanted: the first paint does without it. Shown in a Suspense. */
export function laterDialog<Props extends object>(load: () => Promise<ComponentType<Props>>) {
  return lazy<ComponentType<Props>>(() =>
    load().then(
      (dialog) => ({ default: dialog }),
      () => ({ default: DialogMissing as ComponentType<Props> }),
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

function DialogMissing({ onClose }: Closable) {
  const { openDialog } = useActions();
  return (
    <Sheet title="Not here" onClose={onClose ?? (() => openDialog(null))}>
      <p role="alert">{PART_MISSING}</p>
    </Sheet>
  );
}
