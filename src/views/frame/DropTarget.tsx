import { useEffect, useState } from 'react';
import type { FileIn } from '../../api/model.ts';
import { sentenceOf } from '../../state/shared/latest.ts';
import { fromDrop } from '../shared/modelFiles.ts';
import { Failure } from '../shared/Panel.tsx';

interface DropTargetProps {
  /** Takes what was dropped. The same function from one drawing to the next. */
  onFiles: (files: FileIn[]) => void;
}

/** The whole page takes files; a frame shows while some are held over it. */
export function DropTarget({ onFiles }: DropTargetProps) {
  const [over, setOver] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
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
        (files) => (files.length > 0 ? onFiles(files) : setProblem('There were no files in what was dropped.')),
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
  }, [onFiles]);
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
