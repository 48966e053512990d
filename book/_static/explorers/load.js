// Fetch an explorer's module only where a page holds its element.
// Without scripts the element's own text stays in the page.

/** @type {Record<string, string>} element name -> module beside this file */
const explorers = {
  "cnn-architecture": "./architecture.js",
  "cnn-blocks": "./blocks.js",
  "cnn-convolution-stepper": "./convolution-stepper.js",
  "cnn-dropout-masks": "./dropout-masks.js",
  "cnn-gradient-routing": "./gradient-routing.js",
  "cnn-im2col": "./im2col.js",
  "cnn-normalisation-axes": "./normalisation-axes.js",
  "cnn-parameter-counter": "./parameter-counter.js",
  "cnn-pooling": "./pooling.js",
  "cnn-receptive-field": "./receptive-field.js",
  "cnn-size-explorer": "./size-explorer.js",
};

for (const [name, module] of Object.entries(explorers)) {
  if (document.querySelector(name)) import(module);
}
