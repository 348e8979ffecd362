/** Style sheets of the training screen, in the order they build on each other. */
import './train.css';
import './setup.css';
import './watch.css';
import './charts.css';
import './runs.css';
