import { useRef, type ReactNode } from 'react';
import './picture.css';
import { pngOf, svgOf } from './pictureFile.ts';
import { saveBlob } from './saveBlob.ts';

interface PictureProps {
  /** Of the files, without an ending. */
  name: string;
  /** Above the picture in a file of it. */
  title: string;
  csv: () => string;
  /** More files of it. */
  more?: ReactNode;
  children: ReactNode;
}

/** A chart with what saves it: as a picture, drawn as it is on screen, and its numbers. */
export function Picture({ name, title, csv, more, children }: PictureProps) {
  const place = useRef<HTMLDivElement>(null);
  const file = name.replace(/[\\/:*?"<>|]+/g, ' ').trim();
  const save = async (kind: 'svg' | 'png') => {
    const svg = place.current && svgOf(place.current, title);
    if (!svg) return;
    const blob = kind === 'svg' ? new Blob([svg.text], { type: 'image/svg+xml' }) : await pngOf(svg);
    if (blob) saveBlob(blob, `${file}.${kind}`);
  };
  const saveCsv = () => saveBlob(new Blob([csv()], { type: 'text/csv' }), `${file}.csv`);
  return (
    <div className="picture">
      <div ref={place}>{children}</div>
      <div className="picture-tools" role="group" aria-label={`Save ${title}`}>
        <button type="button" className="button-small" onClick={() => void save('svg')}>
          SVG
        </button>
        <button type="button" className="button-small" onClick={() => void save('png')}>
          PNG
        </button>
        <button type="button" className="button-small" onClick={saveCsv}>
          CSV
        </button>
        {more}
      </div>
    </div>
  );
}
