/** Leak matrix: events on hosts, with the engine that runs all of them. `npm run leak-matrix` runs all parts. */
import { defineMatrix } from './leak-matrix/define-matrix.ts';
import { fullEngine, matrixParts } from './leak-matrix/parts.ts';

const all = process.env['LEAK_MATRIX'] === 'write';
const parts = await matrixParts();
defineMatrix(parts.filter(({ engine, what }) => all || (engine === fullEngine && what === 'events')));
