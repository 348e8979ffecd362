/** What becomes of files that were dropped on the page. */
import { useCallback } from 'react';
import type { FileIn } from '../../api/model.ts';
import { kindOfFiles } from '../../state/shared/fileKinds.ts';
import { nameOfFiles } from '../shared/modelFiles.ts';
import { useActions } from './store.ts';

export function useDroppedFiles(): (files: FileIn[]) => void {
  const { loadModel, importDictionaries, importLabels, openDialog, dropTexts } = useActions();
  return useCallback(
    (files: FileIn[]) => {
      const kind = kindOfFiles(files);
      if (kind === 'text') return dropTexts(files.flatMap((file) => asFile(file) ?? []));
      if (kind === 'labels') return void importLabels(files[0]);
      if (kind === 'model') return void loadModel(files, nameOfFiles(files));
      // How it goes is shown there.
      openDialog({ kind: 'library' });
      void importDictionaries(files);
    },
    [loadModel, importDictionaries, importLabels, openDialog, dropTexts],
  );
}

/** What is dropped comes as files of the browser. */
function asFile(file: FileIn): File | null {
  if (file instanceof File) return file;
  return file.data instanceof File ? file.data : null;
}
