/** Style sheets of what all slices use, in the order they build on each other. */
import './panel.css';
import './notice.css';
import './fold.css';
import './sheet.css';
import './modelMap.css';
import './info.css';
