/** The leak matrix: what happens to hosts, with the engine that all of it is done with. `npm run leak-matrix`: all of it. */
import { defineMatrix } from './leak-matrix/define-matrix.ts';
import { fullEngine, matrixParts } from './leak-matrix/parts.ts';

const all = process.env['LEAK_MATRIX'] === 'write';
const parts = await matrixParts();
defineMatrix(parts.filter(({ engine, what }) => all || (engine === fullEngine && what === 'events')));
