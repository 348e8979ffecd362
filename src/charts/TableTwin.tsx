import { useState } from 'react';

export interface ChartTable {
  /** The first names the rows. */
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  /** What was left out, as a sentence. */
  note?: string;
}

/** The numbers of a chart as a table; made when it is opened. */
export function TableTwin({ title, table }: { title: string; table: () => ChartTable }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="fold chart-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {open && <Table title={title} {...table()} />}
    </details>
  );
}

function Table({ title, columns, rows, note }: ChartTable & { title: string }) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
      <table className="card-table">
        <thead>
          <tr>
            {columns.map((name, i) => (
              <th key={i} scope="col" className={i > 0 ? 'numeric' : undefined}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...values], r) => (
            <tr key={r}>
              <th scope="row">{name}</th>
              {values.map((value, i) => (
                <td key={i} className="numeric">
                  {value}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {note && <p className="hint">{note}</p>}
    </div>
  );
}
