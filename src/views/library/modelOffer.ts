/** What a first visit is offered beside the model of the page. */
export const OFFER = { id: 'Xenova/pythia-70m-deduped', name: 'Pythia-70M', size: '143 MB' };
