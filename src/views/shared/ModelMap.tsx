import { useRef, useState, type KeyboardEvent } from 'react';
import { nextPlace } from './mapMoves.ts';

export interface MapCell {
  /** What `onPress` is told. */
  id: string;
  /** For those who do not see the picture: 'block 3, residual stream, 2 dictionaries'. */
  name: string;
  /** Drawn in the cell. */
  face: string;
  chosen: boolean;
  /** Does something to the whole row, and is itself never chosen. */
  tool?: boolean;
}

export interface MapRow {
  id: string;
  label: string;
  title: string;
  /** One for each column; null where the model has nothing to offer. */
  cells: readonly (MapCell | null)[];
}

interface ModelMapProps {
  label: string;
  columns: readonly string[];
  rows: readonly MapRow[];
  /** Several may be chosen at a time. */
  multiple?: boolean;
  onPress: (id: string) => void;
}

/** The model drawn as a table: blocks side by side, what each writes and computes under one another. One tab stop. */
export function ModelMap({ label, columns, rows, multiple = false, onPress }: ModelMapProps) {
  const table = useRef<HTMLTableElement>(null);
  const [at, setAt] = useState('');
  const cells = rows.flatMap((row) => row.cells.filter((cell) => cell !== null));
  const stop = (cells.find(({ id }) => id === at) ?? cells.find(({ chosen }) => chosen) ?? cells.at(0))?.id;
  const onKeyDown = (event: KeyboardEvent<HTMLTableElement>) => {
    if (event.altKey || event.metaKey) return;
    const row = rows.findIndex((r) => r.cells.some((cell) => cell?.id === stop));
    const column = rows[row]?.cells.findIndex((cell) => cell?.id === stop) ?? -1;
    if (event.key === 'Enter' || event.key === ' ') onPress(stop!);
    else {
      const next = nextPlace(
        rows.map((r) => r.cells.map((cell) => cell !== null)),
        { row, column },
        event.key,
        event.ctrlKey,
      );
      if (!next) return;
      const { id } = rows[next.row].cells[next.column]!;
      setAt(id);
      table.current?.querySelector<HTMLElement>(`[data-cell="${CSS.escape(id)}"]`)?.focus();
    }
    event.preventDefault();
  };
  return (
    <div className="model-map">
      <table ref={table} role="grid" aria-label={label} aria-multiselectable={multiple} onKeyDown={onKeyDown}>
        <thead>
          <tr>
            <th scope="col">Block</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <th scope="row" title={row.title}>
                {row.label}
              </th>
              {row.cells.map((cell, i) =>
                cell ? (
                  <Cell key={i} cell={cell} stop={cell.id === stop} onPress={onPress} onReach={setAt} />
                ) : (
                  <td key={i} role="gridcell" />
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface CellProps {
  cell: MapCell;
  stop: boolean;
  onPress: (id: string) => void;
  onReach: (id: string) => void;
}

function Cell({ cell: { id, name, face, chosen, tool }, stop, onPress, onReach }: CellProps) {
  return (
    <td
      role="gridcell"
      className={tool ? 'map-tool' : 'map-cell'}
      data-cell={id}
      tabIndex={stop ? 0 : -1}
      aria-label={name}
      aria-selected={tool ? undefined : chosen}
      title={name}
      onFocus={() => onReach(id)}
      onClick={() => onPress(id)}
    >
      <span aria-hidden="true">{face}</span>
    </td>
  );
}
