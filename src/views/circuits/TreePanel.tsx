import { useEffect, useMemo, useRef, useState } from 'react';
import type { GraphPicture } from '../../charts/graph.ts';
import type { Mark } from '../../charts/Graph.tsx';
import { Graph } from '../../charts/Graph.tsx';
import { useWidth } from '../../charts/useWidth.ts';
import type { Step } from '../../charts/walk.ts';
import { treeCsv } from '../../state/circuits/files.ts';
import { groupMarks } from '../../state/circuits/groups.ts';
import { treeJson } from '../../state/circuits/treeFile.ts';
import { largestErrors, seenTree, type GrownTree, type SeenTree } from '../../state/circuits/trees.ts';
import { controlWords, MODE_FORMULAS, restsOn } from '../../state/circuits/words.ts';
import { Panel } from '../shared/Panel.tsx';
import { Picture } from '../shared/Picture.tsx';
import { saveBlob } from '../shared/saveBlob.ts';
import { useApp } from '../shared/StoreContext.tsx';
import { useCircuits, useCircuitsActions } from './CircuitsContext.tsx';
import { Detail } from './Detail.tsx';
import { EdgeLegend } from './EdgeLegend.tsx';
import { Groups } from './Groups.tsx';
import { Ledger } from './Ledger.tsx';
import { Reading } from './Reading.tsx';
import { TreeTools } from './TreeTools.tsx';
import { useTreeKeys } from './treeKeys.ts';
import { useHooks, useNames, useOutputs } from './useNames.ts';
import { treePicture } from './treePicture.ts';
import { describeNode, nodeWords, treeTable, type NameOf } from './treeWords.ts';

/** The picture of a tree, with everything that is done to it. */
export function TreePanel({ grown }: { grown: GrownTree }) {
  const { choose } = useCircuitsActions();
  const chosen = useCircuits((s) => s.chosen);
  const look = useCircuits((s) => s.place.look);
  const nameOf = useNames();
  const [search, setSearch] = useState('');
  const [full, setFull] = useState(false);
  const [active, setActive] = useState<Step | null>(null);
  const [place, width] = useWidth<HTMLDivElement>(900);
  const seen = useMemo(() => seenTree(grown.tree, look), [grown.tree, look]);
  const outputs = useOutputs();
  const picture = usePicture(grown, seen, nameOf, outputs, width);
  const marks = useMarks(seen, search.trim().toLowerCase(), nameOf);
  const onKey = useTreeKeys({ grown, seen, setActive });
  useEscape(full, setFull);
  const side = useShownBelow(chosen);
  const root = grown.tree.nodes[0];
  const title = `What makes ${root ? nodeWords(root, nameOf) : 'it'} fire`;
  return (
    <div className={`circuits-result${full ? ' is-full' : ''}`}>
      <Panel title="The tree" className="circuits-picture">
        <Notes grown={grown} />
        <TreeTools search={search} onSearch={setSearch} marks={marks} full={full} onFull={setFull} />
        <Picture
          name={title}
          title={title}
          csv={() => treeCsv(grown, seen, (id) => labelOf(grown, id, nameOf))}
          more={<SaveJson grown={grown} name={title} />}
        >
          <div ref={place}>
            <Graph
              title={title}
              formula={`${MODE_FORMULAS[grown.asked.mode]}. On ${grown.tree.contexts.length} ${grown.tree.contexts.length === 1 ? 'context' : 'contexts'}.`}
              picture={picture}
              home={root?.id ?? ''}
              active={active}
              chosen={chosen}
              marks={marks}
              searching={search.trim() !== ''}
              describe={(step) => describeNode(step, grown, seen, nameOf, outputs)}
              onActive={setActive}
              onNode={choose}
              onEdge={choose}
              onKey={onKey}
              full={full}
              table={() => treeTable(grown, seen, nameOf)}
            />
          </div>
          <EdgeLegend />
        </Picture>
        <Ledger grown={grown} seen={seen} />
        <Reading step={active} grown={grown} seen={seen} nameOf={nameOf} outputs={outputs} />
      </Panel>
      <div className="circuits-side" ref={side}>
        <Detail grown={grown} seen={seen} nameOf={nameOf} />
        <Groups grown={grown} nameOf={nameOf} />
      </div>
    </div>
  );
}

function usePicture(grown: GrownTree, seen: SeenTree, nameOf: NameOf, writes: readonly string[], width: number): GraphPicture {
  const hooks = useHooks();
  const least = useCircuits((s) => s.place.look.least);
  return useMemo(() => {
    const errors = largestErrors(grown.tree, seen, Math.max(least, grown.asked.threshold));
    return treePicture({ seen, errors, hookOf: (id) => hooks.get(id) ?? '', nameOf: (node) => nameOf(node).text, writes, width });
  }, [seen, grown, least, hooks, nameOf, writes, width]);
}

/** What a person did with nodes, and which are found. @param found '' : nothing is looked for */
function useMarks(seen: SeenTree, found: string, nameOf: NameOf): Map<string, Mark> {
  const look = useCircuits((s) => s.place.look);
  return useMemo(() => {
    const groups = groupMarks(look.groups);
    const isFound = (words: string) => found !== '' && words.toLowerCase().includes(found);
    return new Map(
      seen.nodes.map((node): [string, Mark] => [
        node.id,
        {
          found: isFound(`${nameOf(node).text} ${node.latent}`),
          pinned: look.pinned.includes(node.id),
          closed: look.closed.includes(node.id),
          group: groups.get(node.id),
        },
      ]),
    );
  }, [seen, look, found, nameOf]);
}

function labelOf({ tree }: GrownTree, id: string, nameOf: NameOf): string {
  const node = tree.nodes.find((one) => one.id === id);
  return node ? nodeWords(node, nameOf) : id;
}

/** What the numbers rest on, what they cost, and what the controls say. */
function Notes({ grown }: { grown: GrownTree }) {
  const { tree, asked, file } = grown;
  const controls = controlWords(tree.edges);
  return (
    <p className="hint">
      {file !== undefined && `Opened from ${file}. `}
      {restsOn(tree, asked.contexts)}{' '}
      {controls !== '' ? controls : 'No controls were measured; they are one tick in the form, or in an edge’s detail.'}
    </p>
  );
}

function SaveJson({ grown, name }: { grown: GrownTree; name: string }) {
  const look = useCircuits((s) => s.place.look);
  const model = useApp((s) => s.model);
  if (!model) return null;
  const save = () =>
    saveBlob(new Blob([treeJson(grown, look, model)], { type: 'application/json' }), `${name.replace(/[\\/:*?"<>|]+/g, ' ').trim()}.json`);
  return (
    <button type="button" className="button-small" onClick={save}>
      JSON
    </button>
  );
}

/** Where the detail stands below the picture, a click goes there. */
function useShownBelow(chosen: string | null) {
  const side = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (chosen !== null && matchMedia('(max-width: 70rem)').matches) side.current?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return side;
}

function useEscape(on: boolean, set: (on: boolean) => void) {
  useEffect(() => {
    if (!on) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) set(false);
    };
    addEventListener('keydown', onKeyDown);
    return () => removeEventListener('keydown', onKeyDown);
  }, [on, set]);
}
