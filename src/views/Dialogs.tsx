import type { FeaturescopeApi } from '../app/api.ts';
import { CardDialog } from './CardDialog.tsx';
import { PickDialog } from './ImportStatus.tsx';
import { LibraryDialog } from './LibraryDialog.tsx';
import { StorageDialog } from './StorageDialog.tsx';
import { useApp } from './StoreContext.tsx';

/** Whatever covers the page. */
export function Dialogs({ api }: { api: FeaturescopeApi }) {
  const dialog = useApp((s) => s.dialog);
  return (
    <>
      {dialog?.kind === 'library' && <LibraryDialog />}
      {dialog?.kind === 'storage' && <StorageDialog api={api} />}
      {dialog?.kind === 'card' && <CardDialog id={dialog.id} />}
      <PickDialog />
    </>
  );
}
