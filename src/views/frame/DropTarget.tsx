import { useEffect, useState } from 'react';
import type { FileIn } from '../../api/model.ts';
import { kindOfFiles } from '../../state/library/library.ts';
import { sentenceOf } from '../../state/latest.ts';
import { fromDrop, nameOfFiles } from '../library/modelFiles.ts';
import { Failure } from '../shared/Panel.tsx';
import { useActions } from '../shared/StoreContext.tsx';

/** The whole page takes dictionaries, models and labels; a frame shows while some are held over it. */
export function DropTarget() {
  const { loadModel, importDictionaries, importLabels, openDialog, dropTexts } = useActions();
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const take = (files: FileIn[]) => {
      const kind = kindOfFiles(files);
      if (kind === 'text') return dropTexts(files.flatMap((file) => asFile(file) ?? []));
      if (kind === 'labels') return void importLabels(files[0]);
      if (kind === 'model') return void loadModel(files, nameOfFiles(files));
      // How it goes is shown there.
      openDialog({ kind: 'library' });
      void importDictionaries(files);
    };
    const hasFiles = (e: DragEvent) => e.dataTransfer?.types.includes('Files') ?? false;
    const onOver = (e: DragEvent) => {
      if (!hasFiles(e)) return;
      e.preventDefault();
      setOver(true);
    };
    const onLeave = (e: DragEvent) => {
      if (e.relatedTarget === null) setOver(false);
    };
    const onDrop = (e: DragEvent) => {
      if (!e.dataTransfer || !hasFiles(e)) return;
      e.preventDefault();
      setOver(false);
      setProblem(null);
      fromDrop(e.dataTransfer).then(
        (files) => (files.length > 0 ? take(files) : setProblem('There were no files in what was dropped.')),
        (error: unknown) => setProblem(`What was dropped could not be read. ${sentenceOf(error)}`),
      );
    };
    addEventListener('dragover', onOver);
    addEventListener('dragleave', onLeave);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('dragover', onOver);
      removeEventListener('dragleave', onLeave);
      removeEventListener('drop', onDrop);
    };
  }, [loadModel, importDictionaries, importLabels, openDialog, dropTexts]);
  return (
    <>
      {problem && <Failure message={problem} />}
      {over && (
        <div className="drop-overlay">
          <p>Drop a dictionary, a model, a file of labels, or text to train on</p>
        </div>
      )}
    </>
  );
}

/** What is dropped comes as files of the browser. */
function asFile(file: FileIn): File | null {
  if (file instanceof File) return file;
  return file.data instanceof File ? file.data : null;
}
