/** Style sheets of the Explore screen, in the order they build on each other. */
import './text.css';
import './strip.css';
import './tooltip.css';
import './predictions.css';
import './detail.css';
import './activations.css';
import './edits.css';
import './generate.css';
import './features.css';
import './pins.css';
import './featureList.css';
import './compare.css';
