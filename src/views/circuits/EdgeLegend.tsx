/** What the colours of nodes and edges stand for; drawn below a file of the picture too. */
export function EdgeLegend({ nodes = false }: { nodes?: boolean }) {
  return (
    <ul className="chart-legend graph-legend">
      <li data-ink="positive">
        <span className="chart-swatch" />
        {nodes ? 'speaks for the first token' : 'the child falls without it'}
      </li>
      <li data-ink="negative">
        <span className="chart-swatch" />
        {nodes ? 'speaks against it' : 'the child rises without it'}
      </li>
      <li data-ink="none">
        <span className="chart-swatch" />
        {nodes ? '◆' : 'ε'}: what a dictionary does not explain
      </li>
    </ul>
  );
}
