/** Models of the hub, in one piece that is fetched when it is wanted. */
import './styles/hub.css';

export { HubDialog } from '../views/hub/HubDialog.tsx';
