/** A graph of causes as a picture: seen closer, gone through by keys along the strongest edges, with a table twin. */
import './graph.css';
import { memo, useMemo, useRef, useState, type KeyboardEvent, type ReactNode, type SVGAttributes } from 'react';
import { edgeEnds, edgePath, edgeWidth, placeLabels, shortened, type GraphEdge, type GraphNode, type GraphPicture } from './graph.ts';
import { TableTwin, type ChartTable } from './TableTwin.tsx';
import { useZoom } from './useZoom.ts';
import { walk, type Step } from './walk.ts';

interface GraphProps {
  title: string;
  /** What is drawn, exactly; written into a file of the picture. */
  formula: string;
  picture: GraphPicture;
  /** Where keys begin. */
  home: string;
  /** Pointed at or focused. */
  active: Step | null;
  /** Of which a detail is open: a node or an edge. */
  chosen: string | null;
  /** By node: found by a search (others are dim), pinned, letter and colour of its group. */
  marks: ReadonlyMap<string, Mark>;
  /** Some nodes are looked for: those without a mark `found` are dim. */
  searching: boolean;
  /** "Feature 12 “ships”, …", with the edge one came over. */
  describe: (step: Step) => string;
  onActive: (step: Step | null) => void;
  onNode: (id: string) => void;
  onEdge: (id: string) => void;
  /** Any other key at a node; true when it meant something. */
  onKey: (key: string, step: Step) => boolean;
  /** It has the window to itself: the wheel zooms. */
  full: boolean;
  table: () => ChartTable;
  /** Beside the zoom buttons. */
  tools?: ReactNode;
}

export interface Mark {
  found?: boolean;
  pinned?: boolean;
  /** Its parents are not shown. */
  closed?: boolean;
  group?: { letter: string; slot: number };
}

export function Graph(props: GraphProps) {
  const { title, formula, picture, active, table, tools } = props;
  const svg = useRef<SVGSVGElement>(null);
  const { seen, ...zoom } = useZoom(svg, props.full);
  const labels = useMemo(() => placeLabels(picture), [picture]);
  const onKeyDown = (event: KeyboardEvent<SVGSVGElement>) => {
    const at = event.target instanceof Element ? event.target.closest<SVGElement>('[data-node]')?.dataset.node : undefined;
    if (at === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const step: Step = active?.node === at ? active : { node: at, edge: null };
    if (!keyed(event.key, step, props, zoom)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <figure className="graph">
      <figcaption className="visually-hidden" title={formula}>
        {title}
      </figcaption>
      <div className="graph-tools" role="group" aria-label={`See ${title} closer`}>
        {tools}
        <button type="button" className="button-small" onClick={zoom.closer} aria-label="Closer" title="Closer (key +)">
          +
        </button>
        <button type="button" className="button-small" onClick={zoom.farther} aria-label="Farther" title="Farther (key −)">
          −
        </button>
        <button type="button" className="button-small" onClick={zoom.whole} title="Key 0">
          Fit
        </button>
      </div>
      <div className="graph-scroll">
        <svg
          ref={svg}
          className="graph-picture"
          width={picture.width}
          height={picture.height}
          viewBox={`0 0 ${picture.width} ${picture.height}`}
          role="group"
          aria-label={`${title}. Arrow keys go along the strongest edges.`}
          onKeyDown={onKeyDown}
        >
          <g transform={`translate(${seen.x},${seen.y}) scale(${seen.k})`}>
            <Ground picture={picture} />
            <Edges picture={picture} active={active} chosen={props.chosen} onEdge={props.onEdge} />
            <Captions picture={picture} />
            <Nodes {...props} />
            <g className="graph-labels" aria-hidden="true">
              {labels.map(({ edge, text, x, y }) => (
                <text key={edge} x={x} y={y} dy="0.32em" textAnchor="middle">
                  {text}
                </text>
              ))}
            </g>
          </g>
        </svg>
      </div>
      <TableTwin title={title} table={table} />
    </figure>
  );
}

function keyed(
  key: string,
  step: Step,
  { picture, home, onActive, onNode, onKey }: GraphProps,
  zoom: Record<'closer' | 'farther' | 'whole', () => void>,
): boolean {
  const to = walk(key, step, { ...picture, home });
  if (to) {
    onActive(to);
    // After the tab stop has moved there.
    requestAnimationFrame(() => document.querySelector<SVGElement>(`[data-node="${CSS.escape(to.node)}"]`)?.focus());
    return true;
  }
  if (key === 'Enter' || key === ' ') onNode(step.node);
  else if (key === '+' || key === '=') zoom.closer();
  else if (key === '-') zoom.farther();
  else if (key === '0') zoom.whole();
  else return onKey(key, step);
  return true;
}

const COLUMN_LETTER_PX = 6.4;

/** Names of layers, over the edges. */
const Captions = memo(function Captions({ picture: { bands } }: { picture: GraphPicture }) {
  return (
    <g className="graph-captions" aria-hidden="true">
      {bands.map(({ id, text, top }) => (
        <text key={id} x={0} y={top + 12}>
          {text}
        </text>
      ))}
    </g>
  );
});

/** Where layers begin; columns with their names. */
const Ground = memo(function Ground({ picture: { bands, columns, width } }: { picture: GraphPicture }) {
  return (
    <g className="graph-ground" aria-hidden="true">
      {columns?.list.map(({ x }) => (
        <line key={x} className="graph-column" x1={x} x2={x} y1={0} y2={columns.bottom} />
      ))}
      {bands.map(({ id, top }) => (
        <line key={id} x1={0} x2={width} y1={top + 0.5} y2={top + 0.5} />
      ))}
      {columns?.list.map(({ x, text, width }, i) => (
        <text key={i} className="graph-column-name" x={x} y={columns.bottom + 18} textAnchor="middle">
          {shortened(text, Math.max(2, Math.floor(width / COLUMN_LETTER_PX)))}
        </text>
      ))}
    </g>
  );
});

type EdgesProps = Pick<GraphProps, 'picture' | 'active' | 'chosen' | 'onEdge'>;

/** The strongest on top. A mouse hits a wider line than is seen; keys get to edges through their nodes. */
const Edges = memo(function Edges({ picture, active, chosen, onEdge }: EdgesProps) {
  const byId = new Map(picture.nodes.map((node) => [node.id, node]));
  const drawn = [...picture.edges].sort((a, b) => Math.abs(a.weight) - Math.abs(b.weight));
  return drawn.map((edge) => {
    const [from, to] = [byId.get(edge.from), byId.get(edge.to)];
    if (!from || !to) return null;
    const path = edgePath(edgeEnds(from, to), edge.via);
    return (
      <g key={edge.id} className="graph-edge" data-sign={Math.sign(edge.weight)} data-state={stateOf(edge, active, chosen)}>
        <path className="graph-line" d={path} strokeWidth={edgeWidth(edge.weight).toFixed(2)} />
        {edge.weight !== 0 && <path className="graph-hit" d={path} onClick={() => onEdge(edge.id)} data-edge={edge.id} />}
      </g>
    );
  });
});

/** Edges of the node in focus stand out from the others. */
function stateOf({ id, from, to }: GraphEdge, active: Step | null, chosen: string | null): string | undefined {
  if (id === chosen || (active && active.edge === id)) return 'chosen';
  if (!active) return undefined;
  return from === active.node || to === active.node ? 'near' : 'far';
}

function Nodes({ picture, home, active, chosen, marks, searching, describe, onActive, onNode }: GraphProps) {
  const [stop, setStop] = useState<string | null>(null);
  const isHere = (id: string | null | undefined) => picture.nodes.some((node) => node.id === id);
  // One tab stop: where the focus was, else where keys begin.
  const tab = isHere(active?.node) ? active!.node : isHere(stop) ? stop : home;
  return picture.nodes.map((node) => {
    const mark = marks.get(node.id);
    const step: Step = active?.node === node.id ? active : { node: node.id, edge: null };
    return (
      <g
        key={node.id}
        className="graph-node"
        data-shape={node.shape}
        data-sign={node.sign}
        data-dim={searching && !mark?.found ? '' : undefined}
        data-found={searching && mark?.found ? '' : undefined}
        transform={`translate(${node.x.toFixed(1)},${node.y.toFixed(1)})`}
        onClick={() => onNode(node.id)}
        onFocus={() => {
          setStop(node.id);
          if (active?.node !== node.id) onActive(step);
        }}
        onPointerEnter={(event) => event.pointerType === 'mouse' && onActive(step)}
      >
        {/* Its name is longer than what there is room for beside it. */}
        <Shape
          node={node}
          role="button"
          tabIndex={node.id === tab ? 0 : -1}
          aria-label={describe(step)}
          aria-pressed={chosen === node.id}
          data-node={node.id}
        />
        <Words node={node} />
        {mark && <Marks node={node} mark={mark} />}
      </g>
    );
  });
}

function Shape({ node: { shape, width, height }, ...rest }: { node: GraphNode } & SVGAttributes<SVGElement> & { 'data-node': string }) {
  if (shape === 'circle') return <circle className="graph-shape" r={width / 2} {...rest} />;
  if (shape === 'diamond') {
    const [x, y] = [width / 2, height / 2];
    return <path className="graph-shape" d={`M0,${-y}L${x},0L0,${y}L${-x},0Z`} {...rest} />;
  }
  return (
    <rect
      className="graph-shape"
      x={-width / 2}
      y={-height / 2}
      width={width}
      height={height}
      rx={shape === 'pill' ? height / 2 : 5}
      {...rest}
    />
  );
}

function Words({ node: { text, note } }: { node: GraphNode }) {
  return (
    <g aria-hidden="true">
      {text !== '' && (
        <text className="graph-text" dy={note === undefined ? '0.35em' : '-0.15em'} textAnchor="middle">
          {text}
        </text>
      )}
      {note !== undefined && (
        <text className="graph-note" dy="1.15em" textAnchor="middle">
          {note}
        </text>
      )}
    </g>
  );
}

/** At the corners: what a person did with it. */
function Marks({ node: { width, height }, mark: { pinned, closed, group } }: { node: GraphNode; mark: Mark }) {
  return (
    <g aria-hidden="true">
      {group && (
        <g data-line={group.slot} transform={`translate(${-width / 2},${-height / 2})`} className="graph-badge">
          <circle r={8} />
          <text dy="0.35em" textAnchor="middle">
            {group.letter}
          </text>
        </g>
      )}
      {pinned && <circle className="graph-pin" cx={width / 2} cy={-height / 2} r={4.5} />}
      {closed && (
        <text className="graph-closed" y={height / 2 + 4} dy="0.35em" textAnchor="middle">
          +
        </text>
      )}
    </g>
  );
}
