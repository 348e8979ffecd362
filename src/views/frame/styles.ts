/** Style sheets of the page’s frame, in the order they build on each other. */
import './menu.css';
import './header.css';
import './banner.css';
import './tour.css';
