/** Models of the hub, in one piece that is fetched when it is wanted. */
export { HubDialog } from '../views/library/hub/HubDialog.tsx';
