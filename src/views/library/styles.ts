/** Style sheets of the library, in the order they build on each other. */
import './library.css';
import './card.css';
import './hub/hub.css';
