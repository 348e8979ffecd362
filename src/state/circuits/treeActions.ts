/** What a person does with a tree: grows it, and arranges what is seen of it. */
import { back, forth } from './history.ts';
import type { CircuitsStore, TreeActions } from './state.ts';
import type { TreeGrower } from './treeGrower.ts';
import { edgeKey } from './trees.ts';

export function growerActions(grower: TreeGrower, store: CircuitsStore): Omit<TreeActions, 'setTree'> {
  const look = () => store.getState().place.look;
  const toggled = (list: readonly string[], node: string) => (list.includes(node) ? list.filter((id) => id !== node) : [...list, node]);
  return {
    grow: () => grower.grow(),
    stopTree: () => grower.stop(),
    regrow: (node, how) => grower.regrow(node, how),
    async askAgain(key, choice) {
      const edge = store.getState().grown?.tree.edges.find((one) => edgeKey(one) === key);
      if (edge) await grower.askAgain(key, edge.parent, edge.child, choice);
    },
    close: (node) => grower.arrange('opened or closed a node', { closed: toggled(look().closed, node) }),
    pin: (node) => grower.arrange('pinned or let go a node', { pinned: toggled(look().pinned, node) }),
    hide: (node) => grower.arrange('hid a node', { hidden: toggled(look().hidden, node) }),
    showHidden: () => grower.arrange('showed what was hidden', { hidden: [] }),
    openAll: () => grower.arrange('opened all nodes', { closed: [] }),
    setLeast: (least) => grower.arrange('which edges are drawn', { least }),
    group: (group) => grower.arrange('made a group', { groups: [...look().groups, group] }),
    ungroup: (at) => grower.arrange('took a group apart', { groups: look().groups.filter((_, i) => i !== at) }),
    undo: () => grower.travel(back, 'Undone'),
    redo: () => grower.travel(forth, 'Done again'),
    openFile: (file) => grower.openFile(file),
  };
}
