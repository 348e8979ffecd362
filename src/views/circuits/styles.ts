/** Style sheets of the Circuits screen, in the order they build on each other. */
import './circuits.css';
import './tree.css';
