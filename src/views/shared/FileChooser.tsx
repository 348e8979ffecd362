import type { ChangeEvent } from 'react';
import type { FileIn } from '../../api/model.ts';
import { fromFileList } from './modelFiles.ts';

/** Two buttons that open the browser's file and folder choosers. */
export function FileChooser({ onFiles }: { onFiles: (files: FileIn[]) => void }) {
  const take = (event: ChangeEvent<HTMLInputElement>) => {
    const files = fromFileList(event.target.files);
    // Choosing the same file again is a change again.
    event.target.value = '';
    if (files.length > 0) onFiles(files);
  };
  return (
    <div className="menu-buttons">
      <label className="button">
        Choose files
        <input type="file" multiple className="visually-hidden" onChange={take} />
      </label>
      <label className="button">
        Choose a folder
        <input type="file" multiple className="visually-hidden" onChange={take} {...{ webkitdirectory: '' }} />
      </label>
    </div>
  );
}
