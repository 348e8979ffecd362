/** Style sheets of the feature page, in the order they build on each other. */
import './feature.css';
import './contexts.css';
import './lists.css';
import './rule.css';
import './beside.css';
